import zlib from 'node:zlib'

/**
 * The CRC-32 of bytes, or of a text's UTF-8 bytes, as zlib computes it: 0 to 2^32 - 1. `before` is that of what stands
 * before them.
 */
export function crc32(data: string | Uint8Array, before = 0): number {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
  return (native ? inParts(bytes, native, before) : portable(bytes, before)) >>> 0
}

/** Node.js has one of its own since 20.15 and 22.2. */
const { crc32: native }: { crc32?: (data: Uint8Array, before?: number) => number } = zlib

/** zlib counts the bytes that it is given in 32 bits. */
const PART = 1 << 30

function inParts(bytes: Uint8Array, part: (data: Uint8Array, before?: number) => number, before: number): number {
  let crc = before
  for (let at = 0; at < bytes.length; at += PART) crc = part(bytes.subarray(at, at + PART), crc)
  return crc
}

/** The CRC-32 by tables alone, four bytes at a time. */
export function portable(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3] = TABLES
  const whole = bytes.length - (bytes.length % 4)
  let crc = ~before
  let at = 0
  for (; at < whole; at += 4) {
    crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    crc = t3[crc & 255] ^ t2[(crc >>> 8) & 255] ^ t1[(crc >>> 16) & 255] ^ t0[crc >>> 24]
  }
  for (; at < bytes.length; at++) crc = t0[(crc ^ bytes[at]) & 255] ^ (crc >>> 8)
  return ~crc >>> 0
}

const FIRST = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  return crc
})

/** Each table is the one before it, one byte further. */
const TABLES = [1, 2, 3].reduce((tables, step) => [...tables, tables[step - 1].map(further)], [FIRST])

function further(crc: number): number {
  return FIRST[crc & 255] ^ (crc >>> 8)
}
