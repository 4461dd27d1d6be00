import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { digestOfBytes } from './digest.js'
import { placeFile } from './place.js'

/**
 * A file of the cache that carries its own digest, over its name and its content: one that has changed, or that stands
 * under another's name, is told from one that is whole.
 */
export type Sealed<T> =
  { readonly state: 'whole'; readonly content: T } | { readonly state: 'missing' } | { readonly state: 'damaged' }

/** The number of bytes of a digest in binary. */
const SEAL = 32

export async function writeSealed(path: string, data: Uint8Array): Promise<void> {
  await placeFile(path, [data, seal(path, data)])
}

export async function readSealed(path: string): Promise<Sealed<Uint8Array<ArrayBuffer>>> {
  const bytes = await bytesOf(path)
  if (!(bytes instanceof Uint8Array)) return { state: bytes }
  const data = bytes.subarray(0, Math.max(bytes.length - SEAL, 0))
  return seal(path, data).equals(bytes.subarray(data.length))
    ? { state: 'whole', content: new Uint8Array(data) }
    : { state: 'damaged' }
}

/** A note is JSON, `{"seal":...,"note":...}`, and stays so byte for byte. */
export async function writeNote(path: string, note: unknown): Promise<void> {
  await placeFile(path, [noteBytes(path, note)])
}

/** A note as the bytes of the file that is to stand at a path. */
export function noteBytes(path: string, note: unknown): Buffer {
  const text = JSON.stringify(note)
  return Buffer.from(`{"seal":"${digits(path, Buffer.from(text))}","note":${text}}`)
}

export async function readNote(path: string): Promise<Sealed<unknown>> {
  const bytes = await bytesOf(path)
  return bytes instanceof Uint8Array ? noteIn(path, bytes) : { state: bytes }
}

/** As `readNote`, without giving the thread away. */
export function readNoteSync(path: string): Sealed<unknown> {
  try {
    return noteIn(path, readFileSync(path))
  } catch (error) {
    return { state: stateOf(error) }
  }
}

/** What stands before the content of a note and behind it; the digest is `DIGITS` long. */
const [BEFORE, BETWEEN, BEHIND, DIGITS] = ['{"seal":"', '","note":', '}', 64]

/** The note that these bytes of the file at a path are. */
function noteIn(path: string, bytes: Buffer): Sealed<unknown> {
  const to = BEFORE.length + DIGITS
  const head = bytes.toString('latin1', 0, to + BETWEEN.length)
  const text = bytes.subarray(to + BETWEEN.length, -BEHIND.length)
  const found = `${BEFORE}${digits(path, text)}${BETWEEN}`
  const isWhole = bytes.length > found.length && head === found && bytes.toString('latin1', bytes.length - 1) === BEHIND
  return isWhole ? { state: 'whole', content: JSON.parse(text.toString('utf8')) } : { state: 'damaged' }
}

function seal(path: string, data: Uint8Array): Buffer {
  return Buffer.from(digits(path, data), 'hex')
}

/** The seal in hexadecimal. */
function digits(path: string, data: Uint8Array): string {
  return digestOfBytes(Buffer.concat([Buffer.from(`${basename(path)}\0`), data]))
}

async function bytesOf(path: string): Promise<Buffer | 'missing' | 'damaged'> {
  return readFile(path).catch(stateOf)
}

/** A file that is there and cannot be read is as good as damaged. */
function stateOf(error: unknown): 'missing' | 'damaged' {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'missing' : 'damaged'
}
