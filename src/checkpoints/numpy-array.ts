import { numberReader, numpyType } from './numpy-type.js'
import { fortranStride } from './views.js'

/** Numbers of a .npy file in row-major order. */
export interface NumpyArray {
  readonly shape: readonly number[]
  readonly data: Float64Array
}

/** The axes that an array of NumPy may have. */
const MAX_AXES = 64
const MAGIC = '\x93NUMPY'

/**
 * Reads a .npy file of numbers in any layout that NumPy writes (versions 1.0 to 3.0, either order of bytes and of
 * axes).
 * @throws RangeError that says why it cannot be read
 */
export function readNpy(file: Uint8Array): NumpyArray {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new RangeError('it is no .npy file')
  const { header, start } = headerOf(bytes)
  const type = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1]
  const shape = shapeOf(header)
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1]
  if (/'descr'\s*:\s*\[/.test(header)) throw new RangeError('it holds records of several fields, not numbers')
  if (type === undefined || !shape || fortran === undefined)
    throw new RangeError(`its header is damaged, ${JSON.stringify(header.trim().slice(0, 80))}`)
  if (shape.length > MAX_AXES) throw new RangeError(`it has ${shape.length} axes, and arrays have at most ${MAX_AXES}`)
  const known = numpyType(type)
  if (known?.kind === 'O') throw new RangeError('it holds Python objects, not numbers; save it as an array of float64')
  const data = bytes.subarray(start)
  const read = known && 'fiub'.includes(known.kind) ? numberReader(known, data) : undefined
  if (!known || !read) throw new RangeError(`its type ${type} is not supported; save it as float64`)
  const count = shape.reduce((product, size) => product * size, 1)
  if (data.length !== count * known.size)
    throw new RangeError(`it has ${data.length} bytes of numbers, and its shape and type need ${count * known.size}`)
  const values = new Float64Array(count)
  if (fortran === 'True') inRows(shape, (row, column) => (values[row] = Number(read(column * known.size))))
  else for (let i = 0; i < count; i++) values[i] = Number(read(i * known.size))
  return { shape, data: values }
}

/** The header's text, and where the numbers begin. */
function headerOf(bytes: Buffer): { header: string; start: number } {
  const [major, minor] = [bytes.at(6), bytes.at(7)]
  if (major === undefined || minor === undefined || major < 1 || major > 3 || minor !== 0)
    throw new RangeError(`its version ${major ?? '?'}.${minor ?? '?'} of the format is not known`)
  const from = major === 1 ? 10 : 12
  if (bytes.length < from) throw new RangeError('it is cut off')
  const start = from + (major === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8))
  if (bytes.length < start) throw new RangeError('it is cut off')
  const text = bytes.toString(major === 3 ? 'utf8' : 'latin1', from, start)
  return { header: text.replaceAll('"', "'"), start }
}

/** Sizes of a tuple; Python 2 writes an L behind those of its long type. */
function shapeOf(header: string): number[] | undefined {
  const text = /'shape'\s*:\s*\(([\d\sL,]*)\)/.exec(header)?.[1]
  return text?.split(',').flatMap(size => (size.trim() ? [Number(size.trim().replace(/L$/, ''))] : []))
}

/** Each element's place in row-major order with its place where the first axis runs fastest. */
function inRows(shape: readonly number[], each: (row: number, column: number) => void): void {
  const stride = fortranStride(shape)
  const count = shape.reduce((product, size) => product * size, 1)
  for (let i = 0; i < count; i++) {
    let rest = i
    let at = 0
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]) * stride[axis]
      rest = Math.floor(rest / shape[axis])
    }
    each(i, at)
  }
}
