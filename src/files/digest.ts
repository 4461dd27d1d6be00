import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'

/** SHA-256 of bytes, in hexadecimal. */
export function digestOfBytes(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}

/** What the system notes of a file: a file with the same stamp was not written to in between. */
export async function stampOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

interface Known {
  readonly stamp: string
  readonly digest: Promise<string>
}

/** What files held when this process last read them, by path. */
const known = new Map<string, Known>()

/** Clocks of file systems tick in steps of some milliseconds: a file that was changed so lately may be changed without a new stamp. */
const SETTLED_AFTER = 2_000n * 1_000_000n

/**
 * SHA-256 of a file, in hexadecimal; the file is not held in memory. One that was read before is read again only if its size, times or
 * inode have changed.
 */
export async function digestOfFile(path: string): Promise<string> {
  const stamp = await stampOf(path)
  const before = known.get(path)
  if (before?.stamp === stamp) return before.digest
  const digest = streamed(path)
  if (await isSettled(path)) known.set(path, { stamp, digest })
  try {
    return await digest
  } catch (error) {
    known.delete(path)
    throw error
  } finally {
    if ((await stampOf(path).catch(() => '')) !== stamp) known.delete(path)
  }
}

async function streamed(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

async function isSettled(path: string): Promise<boolean> {
  const { ctimeNs } = await stat(path, { bigint: true })
  return BigInt(Date.now()) * 1_000_000n - ctimeNs > SETTLED_AFTER
}
