import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rm, stat } from 'node:fs/promises'
import { buffersOf } from './buffers.js'
import type { Kept } from './range.js'

/** A file that has come in part, and beside it a record of the content that it is of. */
export interface Part {
  readonly file: string
  readonly record: string
}

export function partOf(path: string): Part {
  return { file: `${path}.part`, record: `${path}.part.etag` }
}

/** The bytes that earlier downloads have left, where a record names their content. */
export async function keptOf(file: string): Promise<Kept | undefined> {
  const text = await readFile(`${file}.etag`, 'utf8').catch(() => '')
  const size = (await stat(file).catch(() => undefined))?.size ?? 0
  const record = /^(.+)\n(\d+)$/.exec(text)
  if (!record || size === 0 || size > Number(record[2])) return undefined
  return { bytes: size, validator: record[1], total: Number(record[2]) }
}

export async function discard({ file, record }: Part): Promise<void> {
  await rm(file, { force: true })
  await rm(record, { force: true })
}

/** The SHA-256, still open, of a file's first bytes. */
export async function hashed(file: string, bytes: number): Promise<Hash> {
  const hash = createHash('sha256')
  if (bytes > 0) for await (const chunk of buffersOf(createReadStream(file, { end: bytes - 1 }))) hash.update(chunk)
  return hash
}
