import fc from 'fast-check'
import { expect, it } from 'vitest'
import { stageKey } from '../../src/pipeline/key.js'
import { canonical } from '../../src/reading/plain.js'

const identity = { kind: 'sample', version: 1, params: { a: 1, b: [1, 2] }, inputs: ['x', 'y'] }

it('a key does not depend on the order in which properties were written', () => {
  expect(stageKey({ inputs: ['x', 'y'], params: { b: [1, 2], a: 1 }, version: 1, kind: 'sample' })).toBe(
    stageKey(identity)
  )
  expect(stageKey(identity)).toMatch(/^[0-9a-f]{64}$/)
})

it.each([
  { ...identity, kind: 'teacher' },
  { ...identity, version: 2 },
  { ...identity, params: { a: 1, b: [2, 1] } },
  { ...identity, inputs: ['y', 'x'] },
  { ...identity, model: { digest: 'd', engine: 'e' } },
  { ...identity, assets: ['d'] }
])('a key depends on everything else: %j', other => {
  expect(stageKey(other)).not.toBe(stageKey(identity))
})

it('canonical JSON is JSON of the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)))
    })
  )
})
