/** The CRC-32 of bytes, or of a text's UTF-8 bytes, as zlib computes it: 0 to 2^32 - 1. */
export function crc32(data: string | Uint8Array): number {
  let crc = ~0
  for (const byte of typeof data === 'string' ? new TextEncoder().encode(data) : data)
    crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8)
  return ~crc >>> 0
}

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  return crc
})
