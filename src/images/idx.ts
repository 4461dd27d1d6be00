import { constants, gunzipSync } from 'node:zlib'
import { codeOf } from '../files/reasons.js'
import { expectSize, type Size } from './raster.js'

/** Gray images of one size as MNIST's IDX format holds them. */
export interface IdxImages {
  readonly count: number
  readonly size: Size
  /** [count, height, width], 0 to 255 */
  readonly pixels: Uint8Array
}

const HEADER = 16
/** Two zero bytes, the type of unsigned bytes, and three dimensions. */
const IMAGES = 0x00000803
/** The most images of a file, and the most bytes of its pixels. */
const MOST_IMAGES = 10_000_000
const MOST_BYTES = 2 ** 31 - 1 - HEADER
/** Deflate makes at most so many bytes of one. */
const MOST_EXPANSION = 1032
/** The first bytes of a gzip file: they hold the header of what is in it, unless its name is as long. */
const PACKED_HEAD = 1024

/** Whether bytes begin as a gzip file does. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

/** Whether bytes begin as an IDX file does: two zero bytes, the type of its values, and up to 16 dimensions. */
function isIdx(bytes: Uint8Array): boolean {
  const [first, second, type, rank] = bytes
  return bytes.length >= 4 && first === 0 && second === 0 && type >= 0x08 && type <= 0x0e && rank > 0 && rank <= 16
}

/** Whether the first bytes of a file are those of an IDX file, or of a gzip file that one is packed in. */
export function beginsAsIdx(head: Buffer): boolean {
  if (!isGzip(head)) return isIdx(head)
  try {
    return isIdx(unpackedHead(head))
  } catch {
    return false
  }
}

/**
 * The images of an IDX file, which may be packed by gzip. What its header says is compared with its size before
 * anything is unpacked, so that a small file takes little memory, whatever it says.
 * @throws Error that says what is wrong with the file
 */
export function decodeIdx(bytes: Buffer): IdxImages {
  const packed = isGzip(bytes)
  const head = packed ? unpackedHead(bytes) : bytes.subarray(0, HEADER)
  const { count, size } = headerOf(head)
  const length = count * size.width * size.height
  const said = `${count.toLocaleString('en')} images of ${size.width}x${size.height} pixels`
  if (packed && HEADER + length > MOST_EXPANSION * bytes.length)
    throw new Error(`it says that it holds ${said}, which no gzip file of ${bytes.length} bytes can`)
  const whole = packed ? unpacked(bytes, HEADER + length, said) : bytes
  const found = whole.length - HEADER
  if (found < length) throw new Error(`it is cut off: it says that it holds ${said}, and has ${found} bytes of them`)
  if (found > length) throw new Error(`it says that it holds ${said}, and has ${found - length} bytes more`)
  return { count, size, pixels: whole.subarray(HEADER) }
}

function headerOf(head: Buffer): { readonly count: number; readonly size: Size } {
  if (!isIdx(head))
    throw new Error('it is no IDX file, which begins with two zero bytes, a type and a number of dimensions')
  const rank = head[3]
  if (head.readUInt32BE(0) !== IMAGES)
    throw new Error(
      `it holds ${rank === 1 ? 'one dimension' : `${rank} dimensions`} of type 0x0${head[2].toString(16)}, and ` +
        'images are 3 dimensions of unsigned bytes (0x08); name the file of images, such as train-images-idx3-ubyte'
    )
  if (head.length < HEADER) throw new Error('it is cut off within its header')
  const [count, height, width] = [4, 8, 12].map(at => head.readUInt32BE(at))
  const size = { width, height }
  expectSize(size)
  if (count === 0) throw new Error('it holds no images')
  if (count > MOST_IMAGES || count * width * height > MOST_BYTES)
    throw new Error(
      `it says that it holds ${count.toLocaleString('en')} images of ${width}x${height} pixels; at most ` +
        `${MOST_IMAGES.toLocaleString('en')} and 2 GiB are read`
    )
  return { count, size }
}

/** The header of what a gzip file holds, unpacked from its first bytes alone. */
function unpackedHead(bytes: Buffer): Buffer {
  const head = bytes.subarray(0, PACKED_HEAD)
  // The output of so few bytes is small, however they are packed.
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: (PACKED_HEAD + 1) * MOST_EXPANSION }
  return explained(() => gunzipSync(head, options)).subarray(0, HEADER)
}

function unpacked(bytes: Buffer, length: number, said: string): Buffer {
  return explained(() => {
    try {
      return gunzipSync(bytes, { maxOutputLength: length })
    } catch (error) {
      if (codeOf(error) !== 'ERR_BUFFER_TOO_LARGE') throw error
      throw new Error(`it says that it holds ${said}, and unpacks to more`, { cause: error })
    }
  })
}

function explained<T>(unpack: () => T): T {
  try {
    return unpack()
  } catch (error) {
    const code = codeOf(error)
    if (code === 'Z_BUF_ERROR') throw new Error('it is cut off', { cause: error })
    if (code?.startsWith('Z_')) throw new Error('what it has packed is damaged', { cause: error })
    throw error
  }
}
