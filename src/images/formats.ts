import { decodeJpeg, isJpeg, jpegSize } from './jpeg.js'
import { decodePng, isPng, pngSize } from './png.js'
import type { Raster, Size } from './raster.js'

/** A kind of images that is read. */
export interface Format {
  readonly is: (bytes: Uint8Array) => boolean
  /** The size that the first bytes of a file tell; undefined where more of them are needed. @throws Error */
  readonly size: (bytes: Uint8Array) => Size | undefined
  /** @throws Error that says what is wrong with the file */
  readonly decode: (bytes: Uint8Array) => Raster | Promise<Raster>
}

const FORMATS: readonly Format[] = [
  { is: isPng, size: pngSize, decode: decodePng },
  { is: isJpeg, size: jpegSize, decode: decodeJpeg }
]

/** Other files by how they begin, or by what stands at a place in them. */
const OTHERS: readonly { readonly what: string; readonly at: number; readonly signs: readonly string[] }[] = [
  { what: 'a GIF', at: 0, signs: ['GIF87a', 'GIF89a'] },
  { what: 'a WebP image', at: 8, signs: ['WEBP'] },
  { what: 'a BMP', at: 0, signs: ['BM'] },
  { what: 'a TIFF', at: 0, signs: ['II*\0', 'MM\0*'] },
  { what: 'a JPEG 2000 image', at: 4, signs: ['jP  '] },
  { what: 'an AVIF or HEIC image', at: 4, signs: ['ftyp'] },
  { what: 'a tar archive', at: 257, signs: ['ustar'] },
  { what: 'a gzip file', at: 0, signs: ['\x1f\x8b'] },
  { what: 'a zip archive', at: 0, signs: ['PK'] },
  { what: 'a 7z archive', at: 0, signs: ['7z\xbc\xaf'] },
  { what: 'a RAR archive', at: 0, signs: ['Rar!'] },
  { what: 'a zstd file', at: 0, signs: ['\x28\xb5\x2f\xfd'] },
  { what: 'a Git LFS pointer', at: 0, signs: ['version https://git-lfs'] },
  { what: 'a web page', at: 0, signs: ['<!DOCTYPE', '<!doctype', '<html', '<HTML'] }
]

/** The format of a file, by its content and not by its name. @throws Error that says what it is instead */
export function formatOf(bytes: Uint8Array): Format {
  const format = FORMATS.find(({ is }) => is(bytes))
  if (format) return format
  throw new Error(`it is ${kindOf(bytes)}, and not a PNG or JPEG`)
}

/** The kind of a file, in words. */
export function kindOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'empty'
  if (isPng(bytes)) return 'a PNG'
  if (isJpeg(bytes)) return 'a JPEG'
  const text = Buffer.from(bytes.subarray(0, 512)).toString('latin1')
  const other = OTHERS.find(({ at, signs }) => signs.some(sign => text.startsWith(sign, at)))
  return other?.what ?? `a file that begins with the bytes ${Buffer.from(bytes.subarray(0, 4)).toString('hex')}`
}
