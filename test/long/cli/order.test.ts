import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { createStore } from '../../../src/store/store.js'
import { epdRun, main, temporaryFolder } from '../../support/cli.js'
import { unpackStore } from '../../support/old-stores.js'

const folder = temporaryFolder()
const store = join(folder, 'store')
let run: string

beforeAll(() => {
  unpackStore(5, store)
  const opened = createStore(store)
  run = opened.runs()[0].id
  const second = { id: 'tiny-00000002', name: 'tiny', description: '', file: 'a.yaml', spec: '', overrides: [] }
  opened.beginRun(second, [])
  opened.endRun(second.id, 'finished')
  opened.tag(run, ['good'])
  opened.close()
})

const order = (...args: readonly string[]) => epdRun([...args, '--store', store])

describe('a name of several runs', () => {
  it('is taken for the newest with a warning, and for none where something is deleted', async () => {
    const { stderr } = await order('note', 'tiny', 'a line\u001b[31m')
    expect(stderr).toBe(
      `warning: "tiny" is taken for tiny-00000002, the newest of 2 runs of that name; the others are ${run}\n`
    )
    const refused = await order('rm', 'tiny')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain(`name one by its id: tiny-00000002, ${run}`)
  })
})

describe('completion', () => {
  const completed = (...words: readonly string[]) =>
    execFileSync(
      'bash',
      [
        '-c',
        `source "$1"; epd-run() { "${process.execPath}" "${main}" "$@"; }; shift
         COMP_WORDS=(epd-run "$@"); COMP_CWORD=$#; _epd_run; printf '%s\\n' "\${COMPREPLY[@]}"`,
        ...['bash', join(folder, 'completion'), ...words]
      ],
      { cwd: folder, encoding: 'utf8' }
    )
      .split('\n')
      .filter(Boolean)

  it('in bash offers commands, options, runs and tags', async () => {
    const { stdout } = await epdRun(['completion', 'bash'])
    writeFileSync(join(folder, 'completion'), stdout)
    expect(completed('unt')).toEqual(['untag'])
    expect(completed('gc', '--d')).toEqual(['--dry-run', '--downloads'])
    expect(completed('show', '--store', store, run.slice(0, 6))).toEqual(expect.arrayContaining([run]))
    expect(completed('untag', '--store', store, run, 'g')).toEqual(['good'])
    expect(completed('run', 'x')).toEqual([])
  })

  it('is refused for a shell that it is not for', async () => {
    expect(await epdRun(['completion', 'basch'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"bash"') as unknown
    })
  })
})

describe('init', () => {
  it('writes a spec for the embedded model that runs from any folder, and overwrites nothing', async () => {
    const cwd = temporaryFolder()
    expect(await epdRun(['init'], { cwd })).toMatchObject({ code: 0, stderr: '' })
    const text = readFileSync(join(cwd, 'shapes16.yaml'), 'utf8')
    expect(text).toContain('sigmaMin: 0.002, sigmaMax: 80')
    expect(await epdRun(['validate', 'shapes16.yaml'], { cwd })).toMatchObject({ code: 0, stderr: '' })
    const again = await epdRun(['init'], { cwd })
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('is there already')])
    expect(readFileSync(join(cwd, 'shapes16.yaml'), 'utf8')).toBe(text)
  })
})

describe('rm and gc', () => {
  it('delete the record of a run, and what then nothing refers to', async () => {
    expect(await order('rm', 'tiny-00000002')).toMatchObject({ code: 0, stdout: 'removed tiny-00000002\n' })
    const removed = await order('rm', run)
    expect(removed.stdout).toMatch(/^removed tiny-.*\nepd-run gc --store .* would free [\d.]+ kB/)
    const before = await order('gc', '--dry-run')
    expect(before.stdout).toMatch(/results that no run has[^]*would free/)
    const { stdout, code } = await order('gc')
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^freed [\d.]+ kB: 6 results/)])
    expect(existsSync(join(store, 'store.sqlite'))).toBe(true)
    expect((await order('gc', '--dry-run')).stdout).toMatch(/^would free 0 bytes/)
  })

  it('make no store where there is none', async () => {
    const absent = join(folder, 'absent')
    expect((await epdRun(['gc', '--store', absent])).code).toBe(1)
    expect(existsSync(absent)).toBe(false)
  })
})
