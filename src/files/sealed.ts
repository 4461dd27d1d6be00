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
  return Buffer.from(`{"seal":"${seal(path, Buffer.from(text)).toString('hex')}","note":${text}}`)
}

export async function readNote(path: string): Promise<Sealed<unknown>> {
  const bytes = await bytesOf(path)
  if (!(bytes instanceof Uint8Array)) return { state: bytes }
  const match = /^\{"seal":"([0-9a-f]{64})","note":(.*)\}$/s.exec(bytes.toString('latin1'))
  if (!match) return { state: 'damaged' }
  const [, found, text] = match
  const note = Buffer.from(text, 'latin1')
  return found === seal(path, note).toString('hex')
    ? { state: 'whole', content: JSON.parse(note.toString('utf8')) }
    : { state: 'damaged' }
}

function seal(path: string, data: Uint8Array): Buffer {
  const name = Buffer.from(`${basename(path)}\0`)
  return Buffer.from(digestOfBytes(Buffer.concat([name, data])), 'hex')
}

/** A file that is there and cannot be read is as good as damaged. */
async function bytesOf(path: string): Promise<Buffer | 'missing' | 'damaged'> {
  return readFile(path).catch((error: unknown) =>
    error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'missing' : 'damaged'
  )
}
