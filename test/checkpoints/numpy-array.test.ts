import { describe, expect, it } from 'vitest'
import { readNpy } from '../../src/checkpoints/numpy-array.js'
import { readZip } from '../../src/checkpoints/zip.js'
import { fixture } from './fixtures.js'

const archive = readZip(fixture('checkpoints/extras.npz'), 'extras.npz')
const array = (name: string) => readNpy(archive.read(`${name}.npy`) ?? new Uint8Array(0))
const kinds = [
  ...['f2', 'f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8'],
  ...['>f2', '>f4', '>f8', '>i2', '>i4', '>i8', '>u2', '>u4', '>u8']
]

/** A .npy file of version 1.0. */
function npy(header: string, data: Uint8Array): Buffer {
  const start = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1')
  start.writeUInt16LE(header.length, 8)
  return Buffer.concat([start, Buffer.from(header, 'latin1'), data])
}

describe("NumPy's arrays", () => {
  it.each(kinds.flatMap(kind => [kind, `${kind} fortran`]))('of type %s are read in rows', name => {
    expect(array(name)).toEqual({ shape: [2, 3], data: Float64Array.from([0, 1, 2, 3, 4, 5]) })
  })

  it('of truth values are 0 and 1', () => {
    expect([...array('?').data]).toEqual([0, 1, 1, 1, 1, 1])
  })

  it.each([1, 2, 3])('of version %i of the format are read', version => {
    expect([...array(`version ${version}`).data]).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('of any number of axes are read', () => {
    expect([...array('cube fortran').data]).toEqual(Array.from({ length: 24 }, (_, i) => i))
    expect(array('single')).toEqual({ shape: [], data: Float64Array.of(2.5) })
    expect(array('none')).toEqual({ shape: [0, 3], data: new Float64Array(0) })
  })

  it.each([
    ['keys in another order', "{'shape': (2,), 'fortran_order': False, 'descr': '<f4'}"],
    ['other quotes and spaces', '{"descr":"<f4","fortran_order":False,"shape":(2 , )}\n'],
    ["Python 2's long sizes", "{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }"]
  ])('with %s in their header are read', (_, header) => {
    expect([...readNpy(npy(header, new Uint8Array(new Float32Array([1, 2]).buffer))).data]).toEqual([1, 2])
  })

  it.each([
    ['objects', /holds Python objects, not numbers/],
    ['complex', /its type <c16 is not supported/],
    ['texts', /its type <U2 is not supported/],
    ['records', /records of several fields/],
    ['times', /its type <M8\[s\] is not supported/],
    ['long doubles', /its type <f16 is not supported/]
  ])('of %s are refused with the reason', (name, reason) => {
    expect(() => array(name)).toThrow(reason)
  })

  it.each([
    ['no array', Buffer.from('PK'), /no \.npy file/],
    ['another version', Buffer.from('\x93NUMPY\x04\x00\x00\x00', 'latin1'), /version 4\.0 of the format/],
    ['a header that is cut off', Buffer.from('\x93NUMPY\x01\x00\x80\x00', 'latin1'), /cut off/],
    ['a header of something else', npy('{}', Buffer.alloc(0)), /its header is damaged, "\{\}"/],
    [
      'fewer numbers than its shape says',
      npy("{'descr': '<f8', 'fortran_order': False, 'shape': (9, 9)}", Buffer.alloc(8)),
      /8 bytes of numbers, and its shape and type need 648/
    ],
    [
      'a shape beyond all bounds',
      npy(`{'descr': '<f8', 'fortran_order': True, 'shape': (${10 ** 15}, 9)}`, Buffer.alloc(8)),
      /its shape and type need/
    ]
  ])('with %s are refused', (_, bytes, reason) => {
    expect(() => readNpy(bytes)).toThrow(reason)
  })
})
