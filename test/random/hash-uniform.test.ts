import { expect, it } from 'vitest'
import { hashUniform } from '../../src/random/hash-uniform.js'

it('hashUniform has the reference values, from any place on', () => {
  const expected = [0.87470676, -0.50486389, -0.4949167, -0.36765528]
  const found = hashUniform('conv.weight', 0, 4)
  expected.forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value, 8)
  })
  expect(hashUniform('conv.weight', 2, 2)).toEqual(found.subarray(2))
})
