import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { EpdError } from '../errors.js'

export interface DownloadOptions {
  readonly url: string
  /** Folder that keeps downloaded files. */
  readonly folder: string
  readonly signal?: AbortSignal
  /** total: undefined where the server does not say. */
  readonly onProgress?: (received: number, total: number | undefined) => void
}

/**
 * The path of a file from the network, downloaded if it is not in the folder yet. A download that was cut off is
 * continued where it stopped. The file's SHA-256 is recorded beside it at first use and checked at every later one; a file
 * that was put there by hand counts as downloaded.
 * @throws EpdError `download-failed`; `checkpoint-invalid` if the file's bytes are no longer those first recorded.
 */
export async function download(options: DownloadOptions): Promise<string> {
  const { url, folder } = options
  const path = downloadPath(folder, url)
  await mkdir(folder, { recursive: true })
  if (!(await sizeOf(path))) await receive(options, path)
  await checkDigest(path, url)
  return path
}

/** Where the file of an address is kept: its own name, and the address's digest so that no two share a place. */
export function downloadPath(folder: string, url: string): string {
  const name = basename(new URL(url).pathname) || 'download'
  return join(folder, `${createHash('sha256').update(url).digest('hex').slice(0, 12)}-${name}`)
}

async function receive(options: DownloadOptions, path: string): Promise<void> {
  const { url, signal, onProgress } = options
  const part = `${path}.part`
  const failed = (reason: string, cause?: unknown) =>
    new EpdError('download-failed', `${url}: ${reason}; run again to continue, or put the file at ${path}`, { cause })

  const have = (await sizeOf(part)) ?? 0
  const response = await request(url, part, have, signal).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw failed(`cannot be reached (${reasonOf(error)})`, error)
  })
  if (response.status === 416) {
    await rm(part, { force: true })
    return receive(options, path)
  }
  if (!response.ok || !response.body)
    throw failed(`the server answered ${response.status} ${response.statusText}`.trim())

  const resumed = response.status === 206
  const length = response.headers.get('content-length')
  const total = length === null ? undefined : Number(length) + (resumed ? have : 0)
  const etag = response.headers.get('etag')
  if (etag) await writeFile(`${part}.etag`, etag)

  let received = resumed ? have : 0
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length
      onProgress?.(received, total)
      done(null, chunk)
    }
  })
  await pipeline(Readable.fromWeb(response.body), count, createWriteStream(part, { flags: resumed ? 'a' : 'w' }), {
    signal
  }).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw failed(`broke off after ${received} bytes (${reasonOf(error)})`, error)
  })
  if (total !== undefined && received !== total) throw failed(`broke off after ${received} of ${total} bytes`)
  await rename(part, path)
  await rm(`${part}.etag`, { force: true })
}

/** Asks for what is missing. If-Range makes a server whose file has changed since send the whole of it. */
async function request(url: string, part: string, have: number, signal?: AbortSignal): Promise<Response> {
  const etag = await readFile(`${part}.etag`, 'utf8').catch(() => undefined)
  const headers: Record<string, string> = have > 0 && etag ? { range: `bytes=${have}-`, 'if-range': etag } : {}
  return fetch(url, { headers, signal })
}

async function checkDigest(path: string, url: string): Promise<void> {
  const record = `${path}.sha256`
  const digest = await fileDigest(path)
  const recorded = await readFile(record, 'utf8').catch(() => undefined)
  if (recorded === undefined) {
    await writeFile(record, `${digest}\n`)
    return
  }
  if (recorded.trim() !== digest)
    throw new EpdError(
      'checkpoint-invalid',
      `${path}: its bytes are not those first downloaded from ${url}; delete it to download it again (if the change is meant, delete ${record})`
    )
}

async function sizeOf(path: string): Promise<number | undefined> {
  const info = await stat(path).catch(() => undefined)
  return info?.size
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message
}
