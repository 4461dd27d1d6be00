import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { placeFile, placeFileSync, removeAbandoned } from '../../src/files/place.js'

const program = fileURLToPath(new URL('writer.ts', import.meta.url))
const folder = () => mkdtempSync(join(tmpdir(), 'epd-place-'))
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A process that is in the middle of writing a file into a folder. */
async function writing(into: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, into], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  await once(child.stdout, 'data')
  return child
}

describe.each([
  ['placeFile', (path: string, data: Buffer) => placeFile(path, [data.subarray(0, 2), data.subarray(2)])],
  [
    'placeFileSync',
    (path: string, data: Buffer) => {
      placeFileSync(path, data)
      return Promise.resolve()
    }
  ]
])('%s', (_, place) => {
  it('makes the folder, writes the whole file, and leaves no other', async () => {
    const root = join(folder(), 'a', 'b')
    await place(join(root, 'x.bin'), Buffer.from('content'))
    expect(readFileSync(join(root, 'x.bin'), 'utf8')).toBe('content')
    expect(readdirSync(root)).toEqual(['x.bin'])
  })

  it('that fails leaves what was there before, and no temporary file', async () => {
    const root = folder()
    mkdirSync(join(root, 'taken', 'by'), { recursive: true })
    await expect(async () => place(join(root, 'taken'), Buffer.from('content'))).rejects.toThrow()
    expect(readdirSync(root)).toEqual(['taken'])
  })
})

it.runIf(process.platform === 'linux')('a file is placed from a folder on another disk too', () => {
  const [root, other] = [folder(), mkdtempSync('/dev/shm/epd-place-')]
  placeFileSync(join(root, 'x'), Buffer.from('content'), other)
  expect(readFileSync(join(root, 'x'), 'utf8')).toBe('content')
  expect([readdirSync(root), readdirSync(other)]).toEqual([['x'], []])
  rmSync(other, { recursive: true })
})

describe('a temporary file', () => {
  it('of a process that still writes stays; once it is killed, the next that writes there removes it', async () => {
    const root = folder()
    const child = await writing(root)
    expect(readdirSync(root)).toHaveLength(1)
    removeAbandoned(root)
    expect(readdirSync(root)).toHaveLength(1)
    child.kill('SIGKILL')
    await once(child, 'close')
    placeFileSync(join(root, 'x'), Buffer.from('x'))
    expect(readdirSync(root)).toEqual(['x'])
  })

  it('of a machine that cannot be seen goes after an hour', async () => {
    const root = folder()
    const child = await writing(root)
    const [name] = readdirSync(root)
    child.kill('SIGKILL')
    await once(child, 'close')
    const elsewhere = join(root, name.replace(/[0-9a-f]{8}\.tmp$/, '00000000.tmp'))
    renameSync(join(root, name), elsewhere)
    removeAbandoned(root)
    expect(existsSync(elsewhere)).toBe(true)
    const before = Date.now() / 1000 - 3700
    utimesSync(elsewhere, before, before)
    removeAbandoned(root)
    expect(readdirSync(root)).toEqual([])
  })

  it('of an earlier version goes after an hour, and nothing else does', () => {
    const root = folder()
    const uuid = '01234567-89ab-cdef-0123-456789abcdef'
    const earlier = [uuid, `${'a'.repeat(64)}.weights.${uuid}.tmp`, '000001.png.4711.tmp']
    const others = ['mine.tmp', 'x.onnx', 'x.part', 'notes.4711.tmp']
    for (const name of [...earlier, ...others]) writeFileSync(join(root, name), '')
    removeAbandoned(root)
    expect(readdirSync(root)).toHaveLength(earlier.length + others.length)
    const before = Date.now() / 1000 - 3700
    for (const name of [...earlier, ...others]) utimesSync(join(root, name), before, before)
    removeAbandoned(root)
    expect(readdirSync(root).sort()).toEqual(others.sort())
  })
})

it.runIf(process.platform === 'linux')('a folder that cannot be made is an error, not an endless search', () => {
  const script = `import { placeFileSync } from './src/files/place.js'; placeFileSync('/proc/none/x', Buffer.from('x'))`
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 20_000
  })
  expect(status).toBe(1)
  expect(stderr).toContain('ENOENT')
})
