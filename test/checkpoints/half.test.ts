import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toFloat16 } from '../../src/checkpoints/half.js'
import { toFloat64 } from '../../src/checkpoints/tensor.js'

/** Numbers as they come back from half precision. */
function halved(values: readonly number[]): number[] {
  const singles = new Uint8Array(Float32Array.from(values).buffer)
  return [...toFloat64({ kind: 'tensor', dtype: 'float16', shape: [values.length], data: toFloat16(singles) })]
}

describe('half precision', () => {
  it.each([
    [1 / 3, 0.333251953125],
    [65504, 65504],
    [65519, 65504],
    [65520, Infinity],
    [-1e9, -Infinity],
    [2 ** -24, 2 ** -24],
    [2 ** -25, 0],
    [1.5 * 2 ** -24, 2 ** -23],
    [2.5 * 2 ** -24, 2 ** -23],
    [1 + 2 ** -11, 1],
    [1 + 3 * 2 ** -11, 1 + 2 ** -9]
  ])('of %d is %d', (value, half) => {
    expect(halved([value])).toEqual([half])
  })

  it('keeps NaN', () => {
    expect(halved([NaN])).toEqual([NaN])
  })

  it('is within half a unit of the last place, and of its own numbers themselves', () => {
    fc.assert(
      fc.property(fc.float({ min: -60000, max: 60000, noNaN: true }), value => {
        const [half] = halved([value])
        expect(Math.abs(half - value)).toBeLessThanOrEqual(Math.max(Math.abs(value) * 2 ** -11, 2 ** -25))
        expect(halved([half])).toEqual([half])
      })
    )
  })

  it('reads its bytes wherever they lie', () => {
    const file = readFileSync(new URL(import.meta.url)).subarray(0, 16)
    expect(toFloat16(file)).toEqual(toFloat16(new Uint8Array(file)))
  })
})
