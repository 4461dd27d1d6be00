import { crc32 } from '../../../src/random/crc32.js'

const ENTRY = Buffer.from('PK\x01\x02', 'latin1')

/** A zip archive whose entries have the checksums and sizes of what is stored; packed ones are left. */
export function repairedZip(input: Buffer): Buffer {
  const bytes = Buffer.from(input)
  for (let at = bytes.indexOf(ENTRY); at >= 0 && at + 46 <= bytes.length; at = bytes.indexOf(ENTRY, at + 1)) {
    const [method, size, local] = [
      bytes.readUInt16LE(at + 10),
      bytes.readUInt32LE(at + 20),
      bytes.readUInt32LE(at + 42)
    ]
    if (method !== 0 || local + 30 > bytes.length) continue
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
    if (start + size <= bytes.length) bytes.writeUInt32LE(crc32(bytes.subarray(start, start + size)), at + 16)
  }
  return bytes
}

/** A PNG whose chunks have the checksums of what they hold. */
export function repairedPng(input: Buffer): Buffer {
  const bytes = Buffer.from(input)
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 8 + bytes.readUInt32BE(at)
    if (end + 4 > bytes.length) break
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, end)), end)
    at = end + 4
  }
  return bytes
}

/** A safetensors file that tells the length of its header, up to its last brace. */
export function repairedSafetensors(input: Buffer): Buffer {
  const bytes = Buffer.from(input)
  const end = bytes.lastIndexOf('}')
  if (end > 8) bytes.writeBigUInt64LE(BigInt(end - 7))
  return bytes
}
