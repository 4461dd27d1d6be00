import { createHash, hash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { expectSized, openToRead } from './read.js'

/** The SHA-256 of bytes, in hexadecimal. */
export function digestOfBytes(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex')
}

/** The buffer that files are read into, a part at a time, by this thread. */
let parts: Buffer | undefined

/**
 * Whether a file is there with this size in bytes and this SHA-256, without giving the thread away. The file is not
 * held in memory, and a small one is read by a single call, since many are looked at one after the other.
 */
export function isDigestedSync(path: string, size: number, digest: string): boolean {
  const file = openedIfThere(path)
  if (file === undefined) return false
  try {
    const buffer = (parts ??= Buffer.allocUnsafeSlow(CHUNK))
    const first = readSync(file, buffer, 0, CHUNK, null)
    if (first < CHUNK) return first === size && digestOfBytes(buffer.subarray(0, first)) === digest
    const sum = createHash('sha256')
    let total = 0
    for (let count = first; count > 0 && total <= size; count = readSync(file, buffer, 0, CHUNK, null)) {
      sum.update(buffer.subarray(0, count))
      total += count
    }
    return total === size && sum.digest('hex') === digest
  } finally {
    closeSync(file)
  }
}

function openedIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The system's notes about a file. A file whose stamp is unchanged was not written to in between. */
export async function stampOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

interface Known {
  readonly stamp: string
  readonly digest: Promise<string>
}

/**
 * Clocks of file systems tick in steps of some milliseconds: a file that was changed so lately may be changed without a
 * new stamp.
 */
const SETTLED_AFTER = 2_000n * 1_000_000n

/** What sums bytes up, one run of them after the other. */
export interface Summing {
  update(bytes: Uint8Array): void
  /** The sum, in hexadecimal. */
  digest(): string
}

/**
 * The SHA-256 of a file, in hexadecimal. The file is not held in memory, and one that was read before is read again
 * only if its size, times or inode have changed.
 */
export const digestOfFile = rememberedOfFile(startSha256)

/** Sums up by SHA-256. */
export function startSha256(): Summing {
  const hash = createHash('sha256')
  return {
    update(bytes) {
      hash.update(bytes)
    },
    digest: () => hash.digest('hex')
  }
}

/** What sums a file up, by its path, and remembers what files held when this process last read them. */
export function rememberedOfFile(start: () => Summing): (path: string) => Promise<string> {
  const known = new Map<string, Known>()
  return async path => {
    const stamp = await stampOf(path)
    const before = known.get(path)
    if (before?.stamp === stamp) return before.digest
    const digest = streamed(path, start())
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
}

/** Bytes that are read at once. */
const CHUNK = 1 << 20

/** Reads into one buffer while the other is looked at. */
async function streamed(path: string, sum: Summing): Promise<string> {
  const file = await openToRead(path)
  try {
    let [ahead, other] = [Buffer.allocUnsafeSlow(CHUNK), Buffer.allocUnsafeSlow(CHUNK)]
    let { bytesRead } = await file.read(ahead, 0, CHUNK)
    if (bytesRead > 0) expectSized(path, await file.stat())
    while (bytesRead > 0) {
      const bytes = ahead.subarray(0, bytesRead)
      ;[ahead, other] = [other, ahead]
      const reading = file.read(ahead, 0, CHUNK)
      sum.update(bytes)
      bytesRead = (await reading).bytesRead
    }
    return sum.digest()
  } finally {
    await file.close()
  }
}

async function isSettled(path: string): Promise<boolean> {
  const { ctimeNs } = await stat(path, { bigint: true })
  return BigInt(Date.now()) * 1_000_000n - ctimeNs > SETTLED_AFTER
}
