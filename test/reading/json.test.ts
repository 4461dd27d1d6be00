import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readJson } from '../../src/checkpoints/json.js'
import { listingIn } from '../../src/downloads/hub.js'
import { readAnnouncement } from '../../src/models/protocol.js'
import { readPredictor } from '../../src/predictors/file.js'
import { parseShallow } from '../../src/reading/json.js'

const nested = (levels: number) => `${'{"a":'.repeat(levels)}[]${'}'.repeat(levels)}`

describe('JSON', () => {
  it('has up to a hundred levels, those of its texts not counted', () => {
    expect(parseShallow(nested(99))).toEqual(JSON.parse(nested(99)))
    expect(() => parseShallow(nested(100))).toThrow('it nests more than 100 levels deep')
    const brackets = JSON.stringify({ '"\\[{': '['.repeat(1000), b: ['\\', '{'.repeat(1000)] })
    expect(parseShallow(brackets)).toEqual(JSON.parse(brackets))
    expect(parseShallow(`[${'[],'.repeat(1000)}0]`)).toHaveLength(1001)
  })

  it.each(['1', 'NaN'])('of a checkpoint that nests far deeper around %s is refused in words', async inner => {
    const file = join(mkdtempSync(join(tmpdir(), 'epd-json-')), 'config.json')
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}']
    ]) {
      writeFileSync(file, `${open.repeat(30_000)}${inner}${close.repeat(30_000)}`)
      await expect(readJson(file)).rejects.toThrow(`${file}: is not a JSON object (it nests more than 100 levels deep)`)
    }
  })

  it('of programs, servers and predictors that nests far deeper is refused in words', async () => {
    const deep = nested(30_000)
    expect(() => readAnnouncement(`{"protocol":${deep}}`)).toThrow(/it is no JSON that can be read/)
    expect(() => listingIn(`{"sha":"${'0a'.repeat(20)}","siblings":[{"rfilename":${deep}}]}`)).toThrow(
      'it does not answer as Hugging Face does'
    )
    const file = join(mkdtempSync(join(tmpdir(), 'epd-json-')), 'predictor.json')
    writeFileSync(file, deep)
    await expect(readPredictor(file)).rejects.toThrow(/is not JSON: .*more than 100 levels deep/)
  })
})
