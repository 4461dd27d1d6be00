import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { EXAMPLE_QUERIES } from '../../../src/store/example-queries.js'
import { createStore } from '../../../src/store/store.js'
import { epdRun, smallSpec, temporaryFolder } from '../../support/cli.js'

const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
const EVIL = '\u001b]0;pwned\u0007\u001b[2J \u202e \u2028 \u009b31m \u007f'

/** A store with one run, whose texts are all `EVIL`. */
function evilStore(): string {
  const root = temporaryFolder()
  const store = createStore(root)
  store.beginRun({ id: 'evil-1', name: 'evil', description: EVIL, file: EVIL, spec: EVIL, overrides: [EVIL] }, [
    { name: EVIL, key: 'a'.repeat(64) }
  ])
  store.endRun('evil-1', 'failed', EVIL)
  store.close()
  return root
}

const store = evilStore()

/** Whether a terminal would obey something in a text. */
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/

describe('what others wrote', () => {
  it.each([
    ['ls'],
    ['show', 'evil'],
    ['query', 'SELECT * FROM runs'],
    ['show', EVIL],
    ['query', `SELECT ${EVIL}`],
    ['validate', `${EVIL}.yaml`],
    ['resume', EVIL],
    ['ls', `--${EVIL}`],
    ['ls', '--json'],
    ['query', 'SELECT * FROM runs', '--json']
  ])('is never obeyed by the terminal: %j', async (...args) => {
    const { stdout, stderr } = await epdRun([...args, '--store', store])
    expect(stdout + stderr).toMatch(/\\u001b/)
    expect(stdout + stderr).not.toMatch(OBEYED)
  })

  it('is exact in JSON and in CSV', async () => {
    const [run] = JSON.parse((await epdRun(['ls', '--json', '--store', store])).stdout) as { description: string }[]
    expect(run.description).toBe(EVIL)
    const { stdout } = await epdRun(['query', 'SELECT description FROM runs', '--csv', '--store', store])
    expect(stdout).toBe(`description\n${EVIL}\n`)
  })

  it('is shown where the keys of a spec are wrong', async () => {
    const spec = join(temporaryFolder(), 'spec.yaml')
    writeFileSync(spec, 'name: a\n"\\e[31mRED\\u202e": 1\n')
    const { stderr } = await epdRun(['validate', spec])
    expect(stderr).toContain('\\u001b[31mRED\\u202e: expected one of the keys')
    expect(stderr).not.toMatch(OBEYED)
  })
})

describe('query', () => {
  it('has examples without SQL, all of which run', async () => {
    const { stdout } = await epdRun(['query', '--store', store])
    expect(stdout).toMatch(/^results \(view\): a row is a sample stage of a run, .*\n {2}experiment +the run's name$/m)
    expect(stdout).toMatch(/^ {2}loss +mean square of the difference to the teacher; its root is the RMS loss/m)
    const examples = [...stdout.matchAll(/epd-run query "([^"]+)"/g)].map(([, sql]) => sql)
    expect(examples.length).toBe(EXAMPLE_QUERIES.length)
    for (const sql of examples) expect(await epdRun(['query', sql, '--store', store])).toMatchObject({ code: 0 })
    const tables = JSON.parse((await epdRun(['query', '--json', '--store', store])).stdout) as { name: string }[]
    expect(tables[0].name).toBe('results')
  })

  const sql = "SELECT 9223372036854775807 AS a, x'00ff' AS b, NULL AS c, 9e999 AS d, 0.1 AS e"
  it.each([
    [[], /9223372036854775807 +<2 bytes> +NULL +Infinity +0\.1\n$/],
    [['--csv'], /\n9223372036854775807,<2 bytes>,,Infinity,0\.1\n$/],
    [['--json'], /^\[{"a":9223372036854775807,"b":{"bytes":2},"c":null,"d":"Infinity","e":0\.1}\]\n$/]
  ])('prints each value exactly, with %j', async (flags, expected) => {
    expect((await epdRun(['query', sql, ...flags, '--store', store])).stdout).toMatch(expected)
  })

  it.each([['--json'], ['--csv'], []])('ends rows without end once nobody reads them, with %j', (...flags) => {
    const endless = 'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t'
    const command = `"${process.execPath}" --max-old-space-size=100 "${main}" query "${endless}" ${flags.join(' ')} --store "${store}" | head -c 300000 | wc -c; echo \${PIPESTATUS[0]}`
    const { stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' })
    expect([stdout.split(/\s+/).filter(Boolean), stderr]).toEqual([['300000', '141'], ''])
  })

  it('holds no more than some of its rows', () => {
    const many =
      'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t LIMIT 100000) SELECT n, hex(zeroblob(500)) AS z FROM t'
    const args = ['--max-old-space-size=60', main, 'query', many, '--csv', '--store', store]
    const { status, stdout } = spawnSync(process.execPath, args, { maxBuffer: 2 ** 28 })
    expect([status, stdout.length]).toEqual([0, 4 + 100_000 * 1002 + 488_895])
  })
})

describe.skipIf(process.platform !== 'linux')('an output that takes nothing', () => {
  it.each([
    ['ls'],
    ['show', 'evil'],
    ['query', 'SELECT 1'],
    ['query'],
    ['predictors', '--json'],
    ['--help'],
    ['--version']
  ])('is said in a sentence: %j', (...args) => {
    const command = `"${process.execPath}" "${main}" ${args.map(arg => `"${arg}"`).join(' ')} ${args[0].startsWith('--') ? '' : `--store "${store}"`} > /dev/full`
    const { status, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([
      1,
      'epd-run: what it prints cannot be written (the disk is full; free some space); what is done is kept\n'
    ])
  })
})

describe.skipIf(process.platform === 'win32')('a line feed in a name', () => {
  const folder = join(temporaryFolder(), 'one\nepd-run: two')
  mkdirSync(folder)
  const shown = folder.replaceAll('\n', '\\n')
  const spec = join(folder, 'spec.yaml')
  const stages = '{ a: { kind: sample, solver: { name: euler, nfe: 2 }, seeds: 0 } }'
  writeFileSync(spec, `name: a\nmodel: { checkpoint: none.pkl }\nsolver: { name: euler, nfe: 2 }\nstages: ${stages}\n`)

  it.each<[string[], string]>([
    [['validate', join(folder, 'none.yaml')], `${shown}/none.yaml: no such file`],
    [['run', spec, '--store', temporaryFolder()], `${shown}/none.pkl: there is no such file`],
    [['run', spec, '--set', 'a\nb=3'], 'a\\nb'],
    [['ls', '--store', folder], shown],
    [['import', join(folder, 'none.pkl'), '--store', temporaryFolder()], 'there is no such file'],
    [['reference', folder, '--weights', join(folder, 'none.pkl'), '--out', join(folder, 'a.npz')], 'no such file']
  ])('begins no line of an error: %j', async (args, words) => {
    const { code, stderr } = await epdRun(args)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/^epd-run: [^\n]+\n$/)
    expect(stderr).toContain(words)
  })

  it('begins no line of what is printed', async () => {
    const { stdout } = await epdRun(['validate', spec])
    expect(stdout).toContain(`${shown}/spec.yaml is valid\n`)
    expect(stdout).not.toMatch(/^epd-run: two/m)
  })
})

describe.skipIf(process.platform === 'win32')('outputs that are closed', () => {
  // Node has put /dev/null in their place before it runs a program, as those do who ask for silence.
  const closed = (args: readonly string[], outputs: string) => {
    const words = [process.execPath, main, ...args].map(word => `"${word}"`)
    return spawnSync('bash', ['-c', `${words.join(' ')} ${outputs}`], { encoding: 'utf8' })
  }

  it('let a run do its work, and nothing is written in their place', () => {
    const folder = temporaryFolder()
    const spec = smallSpec()
    const { status, stderr } = closed(['run', spec, '--store', folder], '<&- >&- 2>&-')
    expect([status, stderr]).toEqual([0, ''])
    const { stdout } = closed(['query', 'PRAGMA integrity_check', '--csv', '--store', folder], '')
    expect(stdout).toBe('integrity_check\nok\n')
    expect(closed(['ls', '--json', '--store', folder], '').stdout).toContain('"status":"finished"')
  })

  it.each(['2>&-', '<&- >&- 2>&-'])('leave an error its exit status: %s', outputs => {
    expect(closed(['show', 'nobody', '--store', store], outputs).status).toBe(1)
    expect(closed(['ls', '--nothing'], outputs).status).toBe(2)
  })
})

describe('a call of the system that fails', () => {
  it('has its reason and the way out in a sentence', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'a'))
    const long = 'x'.repeat(300)
    for (const [args, words] of [
      [['validate', long + '.yaml'], 'its name is longer than the file system takes; shorten it'],
      [
        ['ls', '--store', join(folder, long)],
        'its name is longer than the file system takes; name another with --store'
      ],
      [['import', join(folder, 'a'), '--store', store], 'is a folder; name a file in it']
    ] as const) {
      const { code, stderr } = await epdRun(args)
      expect(code).toBe(1)
      expect(stderr).toMatch(/^epd-run: [^\n]+\n$/)
      expect(stderr).toContain(words)
    }
  })
})
