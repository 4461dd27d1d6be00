import { describe, expect, it } from 'vitest'
import { decodeNpy, encodeNpy, type Npy } from '../../src/checkpoints/npy.js'

const arrays: Npy[] = [
  { dtype: 'float64', shape: [2, 3], data: Float64Array.from([1, -2, Math.PI, NaN, Infinity, 1e-300]) },
  { dtype: 'float32', shape: [3], data: Float32Array.from([0.1, -0, 65504]) },
  { dtype: 'uint8', shape: [1, 2, 1, 2], data: Uint8Array.from([0, 1, 254, 255]) },
  { dtype: 'float32', shape: [0, 4], data: new Float32Array(0) },
  { dtype: 'float64', shape: [], data: Float64Array.from([7]) }
]

describe('a .npy file', () => {
  it.each(arrays)('of $dtype $shape is read as it was written', array => {
    expect(decodeNpy(encodeNpy(array))).toEqual(array)
  })

  it('is laid out as NumPy lays it out', () => {
    const file = Buffer.from(encodeNpy({ dtype: 'float32', shape: [2], data: Float32Array.from([1, 2]) }))
    expect(file.toString('latin1', 0, 8)).toBe('\x93NUMPY\x01\x00')
    expect(file.length).toBe(128 + 8)
    expect(file.toString('latin1', 10, 128)).toBe(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }".padEnd(117) + '\n'
    )
  })

  it('that is cut off, or another file, is refused', () => {
    const file = encodeNpy(arrays[0])
    for (let length = 0; length < file.length; length++)
      expect(() => decodeNpy(file.subarray(0, length))).toThrow(expect.objectContaining({ code: 'store-corrupt' }))
    expect(() => decodeNpy(Buffer.from('<!DOCTYPE html>'.repeat(20)))).toThrow(/not a \.npy file/)
  })
})
