import { describe, expect, it } from 'vitest'
import { toFloat32, type Tensor } from '../../src/checkpoints/tensor.js'
import { read, readMap, safetensors } from './fixtures.js'

const data = new Uint8Array(new Float32Array([1, 2, 3, 4]).buffer)
const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] }

describe('a safetensors file', () => {
  it('holds tensors by name, whatever their order and the file’s metadata', () => {
    const header = { __metadata__: { by: 'x' }, b: { ...entry, data_offsets: [8, 16] }, a: entry }
    const tensors = readMap(safetensors(header, data)) as Map<string, Tensor>
    expect([...tensors.keys()]).toEqual(['b', 'a'])
    expect([...toFloat32(tensors.get('b')!)]).toEqual([3, 4])
  })

  it.each([
    ['F64', 'float64', 8],
    ['F32', 'float32', 4],
    ['F16', 'float16', 2],
    ['BF16', 'bfloat16', 2],
    ['I64', 'int64', 8],
    ['I32', 'int32', 4],
    ['I16', 'int16', 2],
    ['I8', 'int8', 1],
    ['U8', 'uint8', 1],
    ['BOOL', 'bool', 1]
  ])('knows %s', (dtype, ours, size) => {
    const tensors = readMap(safetensors({ a: { dtype, shape: [1], data_offsets: [0, size] } }, data))
    expect(tensors.get('a')).toMatchObject({ dtype: ours, shape: [1] })
  })

  it('holds scalars and empty tensors', () => {
    const header = {
      scalar: { ...entry, shape: [], data_offsets: [0, 4] },
      none: { ...entry, shape: [0, 5], data_offsets: [4, 4] }
    }
    const tensors = readMap(safetensors(header, data)) as Map<string, Tensor>
    expect([...toFloat32(tensors.get('scalar')!)]).toEqual([1])
    expect([...toFloat32(tensors.get('none')!)]).toEqual([])
  })

  it.each([
    ['a type that is not known', { ...entry, dtype: 'F4' }],
    ['more bytes than its shape needs', { ...entry, data_offsets: [0, 12] }],
    ['bytes beyond the file', { ...entry, data_offsets: [12, 20] }],
    ['bytes that end before they begin', { ...entry, data_offsets: [8, 0] }],
    ['a negative size', { ...entry, shape: [-2] }],
    ['a size that is no whole number', { ...entry, shape: [0.5] }],
    ['sizes beyond all bounds', { ...entry, shape: [2 ** 40, 2 ** 40] }],
    ['no place', { dtype: 'F32', shape: [2] }],
    ['nothing', null]
  ])('with %s is broken, and names the tensor', (_, broken) => {
    expect(() => read(safetensors({ fine: entry, 'conv.weight': broken }, data))).toThrow(
      /^net\.pkl: broken safetensors file: tensor "conv\.weight" does not fit/
    )
  })

  it('whose header is no JSON object is broken', () => {
    expect(() => read(safetensors('{"a": '))).toThrow(/its header is not a JSON object/)
  })
})
