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
    ['fewer bytes than four bits an element need', { ...entry, dtype: 'F4', data_offsets: [8, 8] }],
    ['no type', { ...entry, dtype: 4 }],
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

  it.each([
    ['U16', 16],
    ['U32', 32],
    ['U64', 64],
    ['C64', 64],
    ['F8_E4M3', 8],
    ['F8_E5M2', 8],
    ['F8_E8M0', 8],
    ['F6_E2M3', 6],
    ['F6_E3M2', 6],
    ['F4', 4]
  ])('of type %s is not broken, but its type is not supported', (dtype, bits) => {
    const size = (4 * bits) / 8
    const header = { fine: entry, odd: { dtype, shape: [4], data_offsets: [8, 8 + size] } }
    expect(() => read(safetensors(header, new Uint8Array(8 + size)))).toThrow(
      `net.pkl: type ${dtype} of "odd" is not supported; known are F64, F32`
    )
  })

  it('of a type that is still to be invented names it, and how many tensors have one', () => {
    const odd = { dtype: 'Q3', shape: [4], data_offsets: [0, 3] }
    expect(() => read(safetensors({ a: odd, b: { ...odd, data_offsets: [3, 6] } }, data))).toThrow(
      'type Q3 of "a", and of 1 more tensors, is not supported'
    )
  })

  it.each([
    ['a name twice', '{"a":E,"b":F,"a":E}', /its header has "a" twice/],
    ['a name twice, once in escapes', '{"a":E,"\\u0061":F}', /its header has "a" twice/],
    [
      'a key of a tensor twice',
      '{"a":{"dtype":"F64","dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
      /has "dtype" twice/
    ],
    ['a hole', '{"b":F}', /tensor "b" leaves a hole before it/],
    ['tensors that overlap', '{"a":E,"b":E}', /tensor "b" lies over another/]
  ])('with %s is broken', (_, header, message) => {
    const other = JSON.stringify({ ...entry, data_offsets: [8, 16] })
    const text = header.replaceAll('E', JSON.stringify(entry)).replaceAll(':F', `:${other}`)
    expect(() => read(safetensors(text, data))).toThrow(message)
  })

  it('may have the same words as names and as texts', () => {
    const header = { __metadata__: { a: '{"a": 1, "a": 2}' }, a: entry, b: { ...entry, data_offsets: [8, 16] } }
    expect(readMap(safetensors(header, data)).size).toBe(2)
  })

  it('whose header is no JSON object is broken', () => {
    expect(() => read(safetensors('{"a": '))).toThrow(/its header is not a JSON object/)
  })
})
