import { inflateRawSync } from 'node:zlib'
import { EpdError } from '../errors.js'
import { crc32 } from '../random/crc32.js'

const END = 0x06054b50
const END_SIZE = 22
const MAX_COMMENT = 0xffff
const END64 = 0x06064b50
const END64_LOCATOR = 0x07064b50
const ENTRY = 0x02014b50
const LOCAL = 0x04034b50
const UNKNOWN = 0xffffffff

/** A zip archive, whose files are unpacked as they are asked for. */
export interface Zip {
  readonly names: readonly string[]
  /**
   * A file's bytes, once their CRC-32 is the one that the archive has for them; a stored file is not copied.
   * @throws EpdError `checkpoint-invalid`
   */
  read(name: string): Buffer | undefined
}

/** The entry of an archive about a file in it. */
export interface Entry {
  readonly method: number
  readonly encrypted: boolean
  readonly crc: number
  readonly size: number
  readonly packed: number
  readonly local: number
}

export interface ReadZipOptions {
  /**
   * Whether a checksum of 0 means that there is none, by what the archive says of its files; default: it never does.
   */
  readonly unchecked?: (entries: ReadonlyMap<string, Entry>) => boolean
}

/** Whether bytes begin as those of a zip archive do. */
export function beginsAsZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b
}

/** Opens a zip archive (zip64 too). @throws EpdError `checkpoint-invalid` */
export function readZip(bytes: Buffer, path: string, { unchecked = () => false }: ReadZipOptions = {}): Zip {
  const files = sound(path, () => entries(bytes))
  const checks = !unchecked(files)
  return {
    names: [...files.keys()],
    read(name) {
      const entry = files.get(name)
      return entry && sound(path, () => content(bytes, name, entry, checks || entry.crc !== 0))
    }
  }
}

/** The reason why a file of a sound archive cannot be read. */
class UnsupportedEntry extends Error {}

function sound<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof UnsupportedEntry) throw new EpdError('checkpoint-invalid', `${path}: ${error.message}`)
    const reason = error instanceof Error ? error.message : String(error)
    throw new EpdError(
      'checkpoint-invalid',
      `${path}: the zip archive is cut off or damaged (${reason}); download or copy it again`,
      { cause: error }
    )
  }
}

function entries(bytes: Buffer): Map<string, Entry> {
  const { count, offset } = directory(bytes)
  const files = new Map<string, Entry>()
  let at = offset
  for (let i = 0; i < count; i++) {
    expectSignature(bytes, at, ENTRY)
    const method = bytes.readUInt16LE(at + 10)
    const nameLength = bytes.readUInt16LE(at + 28)
    const extraLength = bytes.readUInt16LE(at + 30)
    const name = bytes.subarray(at + 46, at + 46 + nameLength).toString('utf8')
    if (isOutside(name)) throw new RangeError(`an entry is named ${JSON.stringify(name)}, which is outside of it`)
    const extra = bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength)
    const [size, packed, local] = sizes(bytes, at, extra)
    const encrypted = (bytes.readUInt16LE(at + 8) & 1) !== 0
    files.set(name, { method, encrypted, crc: bytes.readUInt32LE(at + 16), size, packed, local })
    at += 46 + nameLength + extraLength + bytes.readUInt16LE(at + 32)
  }
  return files
}

/**
 * Whether a name leads out of the folder that an archive would be unpacked into. Nothing is, but none is meant well.
 */
function isOutside(name: string): boolean {
  return /^([/\\]|[A-Za-z]:)/.test(name) || name.split(/[/\\]/).includes('..')
}

function directory(bytes: Buffer): { count: number; offset: number } {
  // A buffer of more than 2 GiB is not searched to its end.
  const from = Math.max(bytes.length - END_SIZE - MAX_COMMENT, 0)
  const within = bytes.subarray(from).lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
  const end = within < 0 ? -1 : from + within
  expectSignature(bytes, end, END)
  if (end + END_SIZE > bytes.length) throw new RangeError('its end is missing')
  const offset = bytes.readUInt32LE(end + 16)
  if (end < 20 || bytes.readUInt32LE(end - 20) !== END64_LOCATOR) return { count: bytes.readUInt16LE(end + 10), offset }
  const end64 = Number(bytes.readBigUInt64LE(end - 12))
  expectSignature(bytes, end64, END64)
  return { count: Number(bytes.readBigUInt64LE(end64 + 32)), offset: Number(bytes.readBigUInt64LE(end64 + 48)) }
}

/** Size, packed size and place of an entry; those that do not fit 32 bits stand in its zip64 field. */
function sizes(bytes: Buffer, at: number, extra: Buffer): [size: number, packed: number, local: number] {
  const plain = [bytes.readUInt32LE(at + 24), bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 42)] as const
  let field = 0
  while (field + 4 <= extra.length && extra.readUInt16LE(field) !== 1) field += 4 + extra.readUInt16LE(field + 2)
  let next = field + 4
  const wide = (value: number) => {
    if (value !== UNKNOWN) return value
    next += 8
    return Number(extra.readBigUInt64LE(next - 8))
  }
  return [wide(plain[0]), wide(plain[1]), wide(plain[2])]
}

/** A factor that weights never shrink by. An archive that claims more is made to fill the memory. */
const MAX_RATIO = 100
/** Bytes that any file may unpack to: arrays of zeros shrink by a thousand. */
const HARMLESS = 1 << 26

function content(bytes: Buffer, name: string, { method, encrypted, crc, size, packed, local }: Entry, checks: boolean) {
  expectSignature(bytes, local, LOCAL)
  const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
  if (start + packed > bytes.length) throw new RangeError('an entry ends beyond the file')
  const data = bytes.subarray(start, start + packed)
  if (encrypted) throw new UnsupportedEntry(`${name} in it is encrypted; unpack it, and pack it without a password`)
  if (method !== 0 && method !== 8)
    throw new UnsupportedEntry(
      `${name} in it is packed by method ${method}, which is not supported; pack it again, stored or deflated`
    )
  const unpacked = method === 0 ? data : inflated(data, size)
  if (unpacked.length !== size) throw new RangeError(`${name} has ${unpacked.length} of its ${size} bytes`)
  const found = checks ? crc32(unpacked) : crc
  if (found !== crc) throw new RangeError(`${name} has the CRC-32 ${hex(found)}, and ${hex(crc)} was written`)
  return unpacked
}

function inflated(data: Buffer, size: number): Buffer {
  if (size > Math.max(MAX_RATIO * (data.length + 1000), HARMLESS))
    throw new RangeError('an entry says that it unpacks to far too much')
  return inflateRawSync(data, { maxOutputLength: Math.max(size, 1) })
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0')
}

function expectSignature(bytes: Buffer, at: number, signature: number): void {
  if (at < 0 || bytes.readUInt32LE(at) !== signature) throw new RangeError('a header is missing')
}

/** A zip archive of files as they are, not packed. Its bytes do not depend on when it is written. */
export function writeZip(files: ReadonlyMap<string, Uint8Array>): Buffer {
  const parts: Uint8Array[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, data] of files) {
    const text = Buffer.from(name)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(LOCAL)
    describe(local.subarray(4), text, data)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(ENTRY)
    entry.writeUInt16LE(VERSION, 4)
    describe(entry.subarray(6), text, data)
    entry.writeUInt32LE(offset, 42)
    directory.push(entry, text)
    parts.push(local, text, data)
    offset += local.length + text.length + data.byteLength
  }
  const index = Buffer.concat(directory)
  const end = Buffer.alloc(END_SIZE)
  end.writeUInt32LE(END)
  end.writeUInt16LE(files.size, 8)
  end.writeUInt16LE(files.size, 10)
  end.writeUInt32LE(index.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, index, end])
}

/** The version of the format, 2.0. */
const VERSION = 20
/** 1 January 1980, the first that the format knows. */
const DAY = 0x21

/** The fields that both headers of an entry have. */
function describe(header: Buffer, name: Buffer, data: Uint8Array): void {
  header.writeUInt16LE(VERSION)
  header.writeUInt16LE(DAY, 8)
  header.writeUInt32LE(crc32(data), 10)
  header.writeUInt32LE(data.byteLength, 14)
  header.writeUInt32LE(data.byteLength, 18)
  header.writeUInt16LE(name.length, 22)
}
