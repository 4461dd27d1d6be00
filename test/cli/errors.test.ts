import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/store/sqlite.js'
import { epdRun, smallSpec, temporaryFolder } from '../support/cli.js'
import { failure, specOn } from '../support/failing-run.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist', 'cli', 'main.js')
const fixture = (name: string) => join(root, 'test', 'fixtures', 'edm', name)

describe('wrong usage', () => {
  it.each([[[]], [['run']], [['--bogus']], [['show']], [['run', 'a.yaml', '--store']], [['lss']]])(
    '%j: exit code 2',
    async args => {
      const { code, stderr, stdout } = await epdRun(args)
      expect(code).toBe(2)
      expect(stderr).toContain('epd-run --help')
      expect(stdout).toBe('')
    }
  )
})

describe('a working folder', () => {
  it('that was deleted', () => {
    const script = 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$1" "$2" ls --store /'
    const args = ['-c', script, join(temporaryFolder(), 'gone'), process.execPath, main]
    expect(spawnSync('sh', args, { encoding: 'utf8' })).toMatchObject({
      status: 1,
      stderr: 'epd-run: the working folder is gone; change to one that is there, as by cd\n'
    })
  })
})

describe('a spec', () => {
  it('with several mistakes: all of them, each with its place', async () => {
    const stages = `a: { kind: sample, solver: b, seeds: 0-3 }
  b: { kind: sample, solver: { name: eulr, nfe: 2 }, seeds: 3-1 }
  c: { kind: distill, teacher: teachr, validation: 7 }`
    const spec = specOn(fixture('ddpmpp-uncond.pkl'), stages)
    const { code, stderr } = await epdRun(['validate', spec])
    expect(code).toBe(1)
    expect(stderr.split('\n').filter(Boolean).length).toBeGreaterThanOrEqual(4)
    for (const line of stderr.split('\n').filter(Boolean)) expect(line).toMatch(/spec\.yaml:\d+:\d+: stages\./)
    expect(stderr).toContain('euler')
  })

  it('that is not there', async () => {
    expect(await epdRun(['nope.yaml'])).toMatchObject({
      code: 1,
      stderr: 'epd-run: nope.yaml: no such file; give the path of a YAML experiment\n'
    })
  })
})

describe('a store', () => {
  const spec = specOn(fixture('ddpmpp-uncond.pkl'))

  it('below a file, or where no folder can be', async () => {
    expect(await failure(spec, join(root, 'package.json', 'store'))).toContain('name another with --store')
    expect(await failure(spec, '/proc/store')).toContain('choose another folder with --store')
  })

  it('of a newer version is left alone', async () => {
    const store = temporaryFolder()
    const database = openDatabase(join(store, 'store.sqlite'))
    database.pragma('user_version = 99')
    database.close()
    expect(await failure(spec, store)).toContain('use a newer epd-run')
    expect((await epdRun(['ls', '--store', store])).stderr).toContain('use a newer epd-run')
  })

  it('that is no database', async () => {
    const store = temporaryFolder()
    writeFileSync(join(store, 'store.sqlite'), 'not a database, but a text of some length. '.repeat(50))
    expect(await failure(spec, store)).toContain('is not a readable SQLite database')
  })
})

describe('output', () => {
  it('that nobody reads any more ends the program without a word', () => {
    const command = `"${process.execPath}" "${main}" validate "${smallSpec()}" --json | true; echo \${PIPESTATUS[0]}`
    const { stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' })
    expect([stderr, stdout.trim()]).toEqual(['', '141'])
  })

  it('has a stack trace with --verbose alone', async () => {
    const { stderr } = await epdRun(['run', 'nope.yaml', '--verbose'])
    expect(stderr).toMatch(/no such file[^]*\n +at /)
  })

  it('of --dry-run computes nothing and says what would run', async () => {
    const store = temporaryFolder()
    const dry = await epdRun(['run', smallSpec(), '--dry-run', '--json', '--store', store])
    const { stages } = JSON.parse(dry.stdout) as { stages: { stage: string; state: string; evaluations: number }[] }
    expect(stages.map(({ stage }) => stage)).toEqual([
      'teacher',
      'lessons',
      'student.validation',
      'student',
      'samples',
      'euler',
      'reference',
      'score'
    ])
    expect(stages.every(({ state }) => state === 'would run')).toBe(true)
    expect(stages.find(({ stage }) => stage === 'samples')?.evaluations).toBe(70 * 5)
    expect(JSON.parse((await epdRun(['ls', '--json', '--store', store])).stdout)).toEqual([])
  })

  it('reads --set, also for what a spec leaves out', async () => {
    const { stdout } = await epdRun([
      'validate',
      smallSpec(),
      '--json',
      '--set',
      'stages.samples.seeds=2040-2041',
      '--set',
      'solver.points=3'
    ])
    const { stages } = JSON.parse(stdout) as { stages: { name: string; seeds: number[]; solver: { points: number } }[] }
    expect(stages.find(({ name }) => name === 'samples')).toMatchObject({ seeds: [2040, 2041], solver: { points: 3 } })
  })
})
