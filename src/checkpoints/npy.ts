import { EpdError } from '../errors.js'

/** NumPy's .npy, version 1.0, little-endian, C order (numpy.lib.format). */
export type Npy =
  | { readonly dtype: 'float64'; readonly shape: readonly number[]; readonly data: Float64Array }
  | { readonly dtype: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'uint8'; readonly shape: readonly number[]; readonly data: Uint8Array }

/** The types of numbers that are written, by NumPy's names for them. */
const DESCRIPTIONS = { float64: '<f8', float32: '<f4', uint8: '|u1', int64: '<i8' } as const
const MAGIC = '\x93NUMPY\x01\x00'
const ALIGNMENT = 64

/** What stands in front of the numbers of an array. */
export function npyHeader(dtype: keyof typeof DESCRIPTIONS, shape: readonly number[]): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const text = `{'descr': '${DESCRIPTIONS[dtype]}', 'fortran_order': False, 'shape': (${sizes}), }`
  const length = Math.ceil((MAGIC.length + 2 + text.length + 1) / ALIGNMENT) * ALIGNMENT
  const header = Buffer.alloc(length, ' ')
  header.write(MAGIC, 'latin1')
  header.writeUInt16LE(length - MAGIC.length - 2, MAGIC.length)
  header.write(text, MAGIC.length + 2)
  header.write('\n', length - 1)
  return header
}

export function encodeNpy({ dtype, shape, data }: Npy): Uint8Array {
  return Buffer.concat([npyHeader(dtype, shape), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)])
}

/** @throws EpdError `store-corrupt` for anything that encodeNpy does not write */
export function decodeNpy(file: Uint8Array): Npy {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  const start = bytes.length > 10 ? 10 + bytes.readUInt16LE(8) : Infinity
  const header = /'descr': '(<f8|<f4|\|u1)', 'fortran_order': False, 'shape': \(([\d, ]*)\)/.exec(
    bytes.toString('latin1', 10, Math.min(start, bytes.length))
  )
  if (bytes.toString('latin1', 0, 8) !== MAGIC || !header)
    throw new EpdError('store-corrupt', 'a stored array is not a .npy file')
  const shape = header[2].split(',').flatMap(size => (size.trim() ? [Number(size)] : []))
  const count = shape.reduce((product, size) => product * size, 1)
  const data = new Uint8Array(bytes.subarray(start)).buffer
  const itemSize = Number(header[1].slice(-1))
  if (data.byteLength !== count * itemSize)
    throw new EpdError('store-corrupt', 'a stored array does not have the size it says')
  switch (header[1]) {
    case '<f8':
      return { dtype: 'float64', shape, data: new Float64Array(data) }
    case '<f4':
      return { dtype: 'float32', shape, data: new Float32Array(data) }
    default:
      return { dtype: 'uint8', shape, data: new Uint8Array(data) }
  }
}
