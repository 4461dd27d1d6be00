import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/store/sqlite.js'
import { epdRun, smallSpec, temporaryFolder } from '../support/cli.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist', 'cli', 'main.js')
const fixture = (name: string) => join(root, 'test', 'fixtures', 'edm', name)

/** A spec with one stage, on a checkpoint of these bytes. */
function specOn(
  checkpoint: string,
  stages = 'euler: { kind: sample, solver: { name: euler, nfe: 2 }, seeds: 0-3 }'
): string {
  const file = join(temporaryFolder(), 'spec.yaml')
  writeFileSync(
    file,
    `name: wrong\nmodel: { checkpoint: ${checkpoint} }\nsolver: { name: euler, nfe: 2 }\nstages:\n  ${stages}\n`
  )
  return file
}

function checkpoint(bytes: Uint8Array | string): string {
  const file = join(temporaryFolder(), 'net.pkl')
  writeFileSync(file, bytes)
  return file
}

/** Runs a spec and expects one line on stderr, without a stack trace, and exit code 1. */
async function failure(spec: string, store = temporaryFolder()): Promise<string> {
  const { code, stderr } = await epdRun(['run', spec, '--store', store, '--json'])
  expect(stderr).toMatch(/^epd-run: [^\n]+\n$/)
  expect(code).toBe(1)
  return stderr
}

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

describe('a checkpoint', () => {
  it('that is missing', async () => {
    expect(await failure(specOn('/nowhere/net.pkl'))).toContain(
      '/nowhere/net.pkl: there is no such file; correct its path'
    )
  })

  it('that is cut off', async () => {
    const whole = readFileSync(fixture('ddpmpp-uncond.pkl'))
    for (const part of [0.1, 0.5, 0.999])
      expect(await failure(specOn(checkpoint(whole.subarray(0, part * whole.length))))).toMatch(
        /net\.pkl: .*(ends in the middle|cut off)/
      )
  })

  it('that is a web page, empty, or of another kind', async () => {
    expect(await failure(specOn(checkpoint('<!DOCTYPE html><html></html>')))).toContain('it is a web page')
    expect(await failure(specOn(checkpoint('')))).toContain('it is empty')
    expect(await failure(specOn(join(root, 'package.json')))).toContain('is not a checkpoint')
  })

  it('that would run something', async () => {
    const malicious = checkpoint(Buffer.from('\x80\x02cposix\nsystem\nU\x09echo pwnd\x85R.', 'latin1'))
    expect(await failure(specOn(malicious))).toContain('it would call posix.system')
  })

  it('whose weights are not finite: says where, keeps what is done', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'net.safetensors')
    const bytes = readFileSync(join(root, 'models', 'shapes16', 'shapes16.safetensors'))
    bytes.writeFloatLE(NaN, bytes.length - 4)
    writeFileSync(file, bytes)
    copyFileSync(join(root, 'models', 'shapes16', 'config.json'), join(folder, 'config.json'))
    expect(await failure(specOn(file))).toMatch(/the model answered NaN at sigma 80\S* \(sample 0 of the batch\)/)
  })

  it('that cannot be downloaded: says what to put where', async () => {
    expect(await failure(specOn('https://127.0.0.1:1/net.pkl'))).toMatch(
      /https:\/\/127\.0\.0\.1:1\/net\.pkl: cannot be reached .*; run again, or put the file at .*net\.pkl$/m
    )
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

  it('that is not there to be read', async () => {
    const store = join(temporaryFolder(), 'none')
    for (const args of [['ls'], ['show', 'x'], ['query', 'SELECT 1'], ['resume']])
      expect(await epdRun([...args, '--store', store])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('run an experiment first') as string
      })
  })

  it('is never written by query', async () => {
    const store = temporaryFolder()
    await epdRun(['run', spec, '--store', store, '--json'])
    for (const sql of ['DELETE FROM runs', 'DROP TABLE runs', 'UPDATE runs SET name = 1', 'nonsense', ''])
      expect(await epdRun(['query', sql, '--store', store])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^epd-run: query: /) as string
      })
    const { stdout } = await epdRun(['query', 'SELECT name, status FROM runs', '--csv', '--store', store])
    expect(stdout).toBe('name,status\nwrong,finished\n')
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

it('a folder in place of a spec or a checkpoint is said to be one', async () => {
  const folder = join(temporaryFolder(), 'spec.yaml')
  mkdirSync(folder)
  expect((await epdRun(['run', folder])).stderr).toContain('a folder')
  expect(await failure(specOn(folder))).toContain(
    'spec.yaml/config.json: there is no such file; a folder of diffusers has one'
  )
})
