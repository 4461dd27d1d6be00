import { createCipheriv } from 'node:crypto'
import { rememberedOfFile, type Summing } from './digest.js'

/**
 * A checksum of 128 bits: GMAC (NIST SP 800-38D) with a key that everybody knows. Of two files of one length that
 * differ it is another for certain where the difference lies within 16 bytes, as a flipped bit does, and with a chance
 * of 2^-128 for each 16 bytes against it otherwise. Processors have instructions for it: with the reading it takes a
 * third of SHA-256's time on Node 20, and a fifth on Node 24. It names no content: who means to can make another file
 * with the same checksum.
 */
export function startChecksum(): Summing {
  const gmac = createCipheriv('aes-128-gcm', KEY, NONCE)
  return {
    update(bytes) {
      gmac.setAAD(bytes)
    },
    digest() {
      gmac.final()
      return gmac.getAuthTag().toString('hex')
    }
  }
}

const KEY = Buffer.from('epd-run checksum')
const NONCE = Buffer.alloc(12)

export function checksumOfBytes(data: Uint8Array): string {
  const sum = startChecksum()
  sum.update(data)
  return sum.digest()
}

/** The checksum of a file. It is streamed and remembered as `digestOfFile` has it. */
export const checksumOfFile = rememberedOfFile(startChecksum)
