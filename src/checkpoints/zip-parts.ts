import { crc32 } from '../random/crc32.js'

/** A file of an archive that is written while it is made. */
export interface ZipPart {
  readonly name: string
  readonly parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

const [LOCAL, DESCRIPTOR, ENTRY, END64, END64_LOCATOR, END] = [
  ...[0x04034b50, 0x08074b50, 0x02014b50, 0x06064b50, 0x07064b50, 0x06054b50]
]
/** The version of the format that sizes of 64 bits came with. */
const VERSION = 45
/** Says that a file's checksum and sizes stand behind it. */
const BEHIND = 1 << 3
/** 1 January 1980, the first that the format knows: an archive's bytes do not depend on when it is written. */
const DAY = 0x21
/** Says that a number stands in a field of 64 bits. */
const WIDE = 0xffffffff

/**
 * A zip archive of files as they are, not packed, in parts that are never held together. All sizes have 64 bits
 * (zip64), which NumPy and others read, since none is known before the file has ended.
 */
export async function* zipParts(files: Iterable<ZipPart>): AsyncGenerator<Uint8Array> {
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, parts } of files) {
    const local = localHeader(name)
    yield local
    let [crc, size] = [0, 0]
    for await (const part of parts) {
      crc = crc32(part, crc)
      size += part.byteLength
      yield part
    }
    yield numbers([DESCRIPTOR, 4], [crc, 4], [size, 8], [size, 8])
    directory.push(entry(name, crc, size, offset))
    offset += local.length + size + 24
  }
  const index = Buffer.concat(directory)
  yield index
  yield ending(directory.length, index.length, offset)
}

/** The zip64 field of a local header needs both sizes, which stand behind the file. */
function localHeader(name: string): Buffer {
  const text = Buffer.from(name)
  return Buffer.concat([
    numbers([LOCAL, 4], ...described(0), [WIDE, 4], [WIDE, 4], [text.length, 2], [20, 2]),
    text,
    numbers([1, 2], [16, 2], [0, 8], [0, 8])
  ])
}

function entry(name: string, crc: number, size: number, offset: number): Buffer {
  const text = Buffer.from(name)
  return Buffer.concat([
    numbers([ENTRY, 4], [VERSION, 2], ...described(crc), [WIDE, 4], [WIDE, 4], [text.length, 2], [28, 2]),
    numbers([0, 2], [0, 2], [0, 2], [0, 4], [WIDE, 4]),
    text,
    numbers([1, 2], [24, 2], [size, 8], [size, 8], [offset, 8])
  ])
}

/** Version, flags, method (stored), time, day and checksum, as both headers of a file have them. */
function described(crc: number): Field[] {
  return [
    [VERSION, 2],
    [BEHIND, 2],
    [0, 2],
    [0, 2],
    [DAY, 2],
    [crc, 4]
  ]
}

/** The end of the directory in 64 bits, where that is, and the end in 32 bits, which leaves its numbers to the other. */
function ending(count: number, size: number, offset: number): Buffer {
  return Buffer.concat([
    numbers(
      [END64, 4],
      [44, 8],
      [VERSION, 2],
      [VERSION, 2],
      [0, 4],
      [0, 4],
      [count, 8],
      [count, 8],
      [size, 8],
      [offset, 8]
    ),
    numbers([END64_LOCATOR, 4], [0, 4], [offset + size, 8], [1, 4]),
    numbers([END, 4], [0, 2], [0, 2], [0xffff, 2], [0xffff, 2], [WIDE, 4], [WIDE, 4], [0, 2])
  ])
}

type Field = readonly [value: number, bytes: 2 | 4 | 8]

/** Whole numbers in so many bytes each, the lowest first. */
function numbers(...fields: readonly Field[]): Buffer {
  const buffer = Buffer.alloc(fields.reduce((sum, [, bytes]) => sum + bytes, 0))
  let at = 0
  for (const [value, bytes] of fields) {
    if (bytes === 8) buffer.writeBigUInt64LE(BigInt(value), at)
    else buffer.writeUIntLE(value, at, bytes)
    at += bytes
  }
  return buffer
}
