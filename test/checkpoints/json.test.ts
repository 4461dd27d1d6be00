import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseJson, readJson } from '../../src/checkpoints/json.js'

describe('JSON of other programs', () => {
  it("has the numbers of Python's json outside of texts", () => {
    expect(
      parseJson('\uFEFF{"a": -Infinity, "b": [NaN, Infinity, 1], "c": "NaN, -Infinity, \\"NaN\\"", "NaN": null}')
    ).toEqual({
      a: -Infinity,
      b: [NaN, Infinity, 1],
      c: 'NaN, -Infinity, "NaN"',
      NaN: null
    })
    expect(parseJson('NaN')).toBeNaN()
  })

  it.each(['{"a": nan}', '{"a": Infinityy}', '{"a": -NaN}', '{"a": 1,}', '{"a": "NaN}'])('%s is no JSON', text => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  })

  it('that is no object is refused with the reason', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'epd-json-')), 'config.json')
    writeFileSync(file, '{"a": 1,,}')
    await expect(readJson(file)).rejects.toThrow(/config\.json: is not a JSON object \(.*JSON/)
    writeFileSync(file, '[1, 2]')
    await expect(readJson(file)).rejects.toThrow('is not a JSON object (it holds [1,2])')
    expect(await readJson(join(file, 'none.json'))).toBeUndefined()
  })
})
