import { mkdtempSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fileDigest } from '../../src/checkpoints/checkpoint.js'
import { readUnchanged } from '../../src/checkpoints/unchanged.js'

it('gives what was read of a file only if it still is the one that was named', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'epd-unchanged-')), 'x')
  writeFileSync(path, 'named')
  const named = await fileDigest(path)
  const read = () =>
    readUnchanged(
      path,
      named,
      () => fileDigest(path),
      () => readFile(path, 'utf8')
    )
  expect(await read()).toBe('named')
  writeFileSync(path, 'other')
  await expect(read()).rejects.toThrow(`${path}: has changed since this run began; run again`)
})
