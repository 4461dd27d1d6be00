import { mkdtempSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readNote, readSealed, writeNote, writeSealed } from '../../src/files/sealed.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-sealed-'))
const note = { graph: 'abc', about: { 'naïve "text"\u2028': [1.5, -0.1, null, true], empty: {} } }
const bytes = new Uint8Array([1, 2, 3, 0, 255])

describe.each([
  ['a note', (path: string) => writeNote(path, note), readNote, note],
  ['bytes', (path: string) => writeSealed(path, bytes), readSealed, bytes]
] as const)('%s', (kind, write, read, content) => {
  const path = join(folder, kind)

  it('is read as it was written', async () => {
    await write(path)
    expect(await read(path)).toEqual({ state: 'whole', content })
    expect(await read(join(folder, 'none'))).toEqual({ state: 'missing' })
  })

  it('with any one bit flipped, cut, longer, or under the name of another, is damaged', async () => {
    await write(path)
    const whole = readFileSync(path)
    for (let at = 0; at < whole.length; at++) {
      const flipped = Buffer.from(whole)
      flipped[at] ^= 1 << (at % 8)
      writeFileSync(path, flipped)
      expect(await read(path), `byte ${at}`).toEqual({ state: 'damaged' })
    }
    writeFileSync(path, Buffer.concat([whole, Buffer.from(' ')]))
    expect(await read(path)).toEqual({ state: 'damaged' })
    writeFileSync(path, whole)
    truncateSync(path, whole.length - 1)
    expect(await read(path)).toEqual({ state: 'damaged' })
    truncateSync(path, 0)
    expect(await read(path)).toEqual({ state: 'damaged' })
    await write(path)
    renameSync(path, `${path}-2`)
    expect(await read(`${path}-2`)).toEqual({ state: 'damaged' })
  })
})
