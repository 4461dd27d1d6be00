import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { digestOfFile } from '../../src/files/digest.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-digest-'))
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')

it('is of the bytes that are there now, whatever is remembered of the file', async () => {
  const path = join(folder, 'x')
  writeFileSync(path, 'first')
  expect(await digestOfFile(path)).toBe(sha256(path))
  // At once, in the same size: the clock of the file system may not have moved.
  writeFileSync(path, 'FIRST')
  expect(await digestOfFile(path)).toBe(sha256(path))

  await sleep(2100)
  expect(await digestOfFile(path)).toBe(sha256(path))
  const { atime, mtime } = statSync(path)
  writeFileSync(path, 'first')
  utimesSync(path, atime, mtime)
  expect(await digestOfFile(path)).toBe(sha256(path))

  writeFileSync(`${path}.new`, 'other')
  utimesSync(`${path}.new`, atime, mtime)
  renameSync(`${path}.new`, path)
  expect(await digestOfFile(path)).toBe(sha256(path))

  rmSync(path)
  await expect(digestOfFile(path)).rejects.toThrow('ENOENT')
})
