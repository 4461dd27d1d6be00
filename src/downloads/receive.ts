import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm, stat, statfs, truncate, writeFile, type FileHandle } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { EpdError } from '../errors.js'
import { buffersOf } from './buffers.js'
import { explain } from './explain.js'
import { HEAD, pageIn } from './page.js'
import { patience, type Patience } from './patience.js'
import { rangeHeaders, spanOf, validatorOf, type Kept, type Span } from './range.js'
import { ask, messageOf, RequestError, type Answer } from './request.js'

export interface ReceiveOptions {
  readonly url: string
  /** Where the file is to be. */
  readonly path: string
  /** What the file must be, where that is known. */
  readonly expected?: Expected
  readonly token?: string
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
  /** What else can be done about a failure; default: the file may be put at its path. */
  readonly wayOut?: string
  /** After so many seconds without a byte a download ends; default 60. */
  readonly stallSeconds?: number
  /** The most bytes that are taken where the server does not say how many there are; default 16 GiB. */
  readonly limit?: number
}

export interface Expected {
  readonly size?: number
  readonly sha256?: string
  /** What Git names the file's content by. */
  readonly blob?: string
}

/** total: undefined where the server does not say; silent: for how many seconds nothing has come, from the fifth on. */
export type OnProgress = (received: number, total: number | undefined, silent?: number) => void

export const STALL_SECONDS = 60
export const LIMIT = 16 * 2 ** 30

/**
 * Downloads a file to its path, and names its SHA-256. A download that broke off is continued where it stopped, if the server still has
 * the same content. Until all of it has come and is what was expected, it stands beside its path, as `.part`.
 * @throws EpdError `download-failed`
 */
export async function receive(options: ReceiveOptions): Promise<string> {
  const part = partOf(options.path)
  const kept = await keptOf(part.file)
  if (kept && kept.bytes === kept.total) return settle(options, part, await hashed(part.file, kept.bytes), undefined)
  const outcome = await transfer(options, part, kept)
  if (outcome !== 'unfit') return settle(options, part, outcome.hash, outcome.contentType)
  await discard(part)
  const anew = await transfer(options, part, undefined)
  if (anew === 'unfit') throw failed(options, 'the server sends other bytes of the file than were asked for')
  return settle(options, part, anew.hash, anew.contentType)
}

/** What has come so far, and beside it what it is of. */
interface Part {
  readonly file: string
  readonly record: string
}

function partOf(path: string): Part {
  return { file: `${path}.part`, record: `${path}.part.etag` }
}

async function keptOf(file: string): Promise<Kept | undefined> {
  const text = await readFile(`${file}.etag`, 'utf8').catch(() => '')
  const size = (await stat(file).catch(() => undefined))?.size ?? 0
  const record = /^(.+)\n(\d+)$/.exec(text)
  if (!record || size === 0 || size > Number(record[2])) return undefined
  return { bytes: size, validator: record[1], total: Number(record[2]) }
}

async function discard({ file, record }: Part): Promise<void> {
  await rm(file, { force: true })
  await rm(record, { force: true })
}

interface Received {
  readonly hash: Hash
  readonly contentType?: string
}

/** Takes one answer's bytes. unfit: it is of other bytes than those asked for. */
async function transfer(options: ReceiveOptions, part: Part, kept: Kept | undefined): Promise<Received | 'unfit'> {
  const { url, token, stallSeconds = STALL_SECONDS, onProgress } = options
  const outer = options.signal ?? new AbortController().signal
  let [received, total]: [number, number | undefined] = [kept?.bytes ?? 0, kept?.total]
  const wait = patience(stallSeconds, outer, seconds => onProgress?.(received, total, seconds))
  try {
    const headers = kept ? rangeHeaders(kept) : {}
    const answer = await ask(url, { headers, token, signal: wait.signal }).catch((error: unknown) => {
      outer.throwIfAborted()
      const reason = error instanceof RequestError ? error.message : `cannot be reached (${messageOf(error)})`
      throw failed(options, reason, error)
    })
    wait.renew()
    const span = await fitting(answer, kept, options)
    if (span === 'unfit') {
      answer.body.on('error', () => undefined).destroy()
      return 'unfit'
    }
    total = span.total
    await remember(part, answer, span)
    const hash = await hashed(part.file, span.from)
    await write({ answer, span, part, hash, wait, options }, bytes => {
      received = bytes
      onProgress?.(received, total)
    })
    return { hash, contentType: answer.header('content-type') }
  } finally {
    wait.end()
  }
}

/** Where an answer's bytes belong. @throws EpdError `download-failed` if it has none. */
async function fitting(answer: Answer, kept: Kept | undefined, options: ReceiveOptions): Promise<Span | 'unfit'> {
  const { status } = answer
  if (status === 416 && kept) return 'unfit'
  if (status !== 200 && status !== 206) throw failed(options, await explain(answer))
  const span = spanOf(answer, kept)
  if (!span) return 'unfit'
  const { expected = {} } = options
  const hasEnd = span.to !== undefined || answer.header('transfer-encoding') !== undefined
  if (!hasEnd && expected.sha256 === undefined && expected.blob === undefined && !encodingOf(answer))
    throw failed(
      options,
      'the server does not say how long the file is, so that a cut one could not be told; give its digest as #sha256=...'
    )
  if (span.total === undefined) return span
  if (expected.size !== undefined && span.total !== expected.size)
    throw failed(options, `the server announces ${span.total} bytes, and ${expected.size} were expected`)
  await room(dirname(options.path), span.total - span.from, options)
  return span
}

/** @throws EpdError `download-failed` if a folder's disk has no room for so many bytes. */
async function room(folder: string, bytes: number, options: ReceiveOptions): Promise<void> {
  const disk = await statfs(folder).catch(() => undefined)
  if (!disk || disk.bavail * disk.bsize >= bytes) return
  const gigabytes = (size: number) => `${(size / 1e9).toFixed(1)} GB`
  throw failed(
    options,
    `${gigabytes(bytes)} are to come, and the disk of ${folder} has ${gigabytes(disk.bavail * disk.bsize)} left`
  )
}

/** So that what comes can be continued, if the server names its content. */
async function remember({ file, record }: Part, answer: Answer, { from, total }: Span): Promise<void> {
  if (from > 0) {
    await truncate(file, from)
    return
  }
  const validator = encodingOf(answer) ? undefined : validatorOf(answer)
  if (validator !== undefined && total !== undefined) {
    await rm(file, { force: true })
    await writeFile(record, `${validator}\n${total}`)
  } else await discard({ file, record })
}

async function hashed(file: string, bytes: number): Promise<Hash> {
  const hash = createHash('sha256')
  if (bytes > 0) for await (const chunk of buffersOf(createReadStream(file, { end: bytes - 1 }))) hash.update(chunk)
  return hash
}

const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress]
])

/** How an answer is encoded though it was asked not to be. */
function encodingOf(answer: Answer): string | undefined {
  const encoding = answer.header('content-encoding')?.trim().toLowerCase()
  return encoding === 'identity' || encoding === '' ? undefined : encoding
}

interface Writing {
  readonly answer: Answer
  readonly span: Span
  readonly part: Part
  readonly hash: Hash
  readonly wait: Patience
  readonly options: ReceiveOptions
}

async function write(writing: Writing, onBytes: (received: number) => void): Promise<void> {
  const { answer, span, part, hash, wait, options } = writing
  const { limit = LIMIT, stallSeconds = STALL_SECONDS } = options
  const file = await open(part.file, span.from > 0 ? 'r+' : 'w').catch((error: unknown) => {
    throw failed(options, diskReason(error, part.file), error)
  })
  let received = span.from
  try {
    for await (const chunk of bytesOf(answer, options)) {
      if (received + chunk.length > (span.to ?? limit)) throw tooLong(span, limit, options)
      await put(file, chunk, received, options)
      hash.update(chunk)
      received += chunk.length
      wait.renew()
      onBytes(received)
    }
    await file.sync().catch((error: unknown) => {
      throw failed(options, diskReason(error, part.file), error)
    })
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof EpdError) throw error
    const reason = wait.isOver() ? `no byte came for ${stallSeconds} seconds` : messageOf(error)
    throw brokeOff(options, received, span, reason, error)
  } finally {
    await file.close()
  }
  if (span.total !== undefined && received !== span.total)
    throw brokeOff(options, received, span, 'the answer ended there')
}

function bytesOf(answer: Answer, options: ReceiveOptions): AsyncIterable<Buffer> {
  const encoding = encodingOf(answer)
  if (encoding === undefined) return buffersOf(answer.body)
  const decoder = DECODERS.get(encoding)?.()
  if (!decoder)
    throw failed(options, `the server sends it in the encoding ${encoding}, which was not asked for and is not known`)
  answer.body.on('error', error => decoder.destroy(error))
  return buffersOf(answer.body.pipe(decoder))
}

async function put(file: FileHandle, chunk: Buffer, at: number, options: ReceiveOptions): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, at + done).catch((error: unknown) => {
      throw failed(options, `${diskReason(error, options.path)} after ${at} bytes`, error)
    })
    done += bytesWritten
  }
}

function diskReason(error: unknown, path: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : messageOf(error)
  const full = code === 'ENOSPC' || code === 'EDQUOT'
  return full ? `the disk of ${dirname(path)} is full` : `${path} cannot be written (${code})`
}

function tooLong({ to }: Span, limit: number, options: ReceiveOptions): EpdError {
  return to === undefined
    ? failed(options, `more than ${limit} bytes came without an announced end; that is the limit`)
    : failed(options, 'more bytes came than the server announced')
}

/** Puts a file that has come whole into its place. */
async function settle(
  options: ReceiveOptions,
  part: Part,
  hash: Hash,
  contentType: string | undefined
): Promise<string> {
  const { path, url, expected } = options
  const sha256 = hash.digest('hex')
  const fault = await faultOf(part.file, sha256, { expected, name: basename(new URL(url).pathname), contentType })
  if (fault !== undefined) {
    await discard(part)
    throw failed(options, `what came ${fault}${hintFor(url)}`)
  }
  if ((await fileDigest(part.file)) !== sha256) {
    await discard(part)
    throw failed(options, `${part.file} does not hold what came; another process may have written to it`)
  }
  await rename(part.file, path)
  await rm(part.record, { force: true })
  return sha256
}

/** Addresses of pages about a file are easily taken for the file's own. */
function hintFor(url: string): string {
  const { hostname, pathname } = new URL(url)
  if (!pathname.includes('/blob/')) return ''
  return `; the file's own address has ${hostname === 'github.com' ? '/raw/' : '/resolve/'} in place of /blob/`
}

function failed(options: ReceiveOptions, reason: string, cause?: unknown, again = 'run again'): EpdError {
  const { url, path, wayOut = `put the file at ${path}` } = options
  return new EpdError('download-failed', `${shown(url)}: ${reason}; ${again}, or ${wayOut}`, { cause })
}

function brokeOff(
  options: ReceiveOptions,
  received: number,
  { total }: Span,
  reason: string,
  cause?: unknown
): EpdError {
  const size = total === undefined ? '' : ` of ${total}`
  return failed(options, `broke off after ${received}${size} bytes (${reason})`, cause, 'run again to continue')
}

/** An address without user and password. */
export function shown(address: string): string {
  const url = new URL(address)
  url.username = url.password = ''
  return url.href
}

interface Wanted {
  readonly expected?: Expected
  readonly name: string
  readonly contentType?: string
}

/** What is wrong with a file of this SHA-256, for a sentence that begins with its name. */
export async function faultOf(file: string, sha256: string, wanted: Wanted): Promise<string | undefined> {
  const { expected = {}, name, contentType } = wanted
  const page = pageIn(await headOf(file), { name, contentType })
  const besides = page === undefined ? '' : `; it is ${page}`
  if (expected.sha256 !== undefined)
    return expected.sha256 === sha256
      ? undefined
      : `has the SHA-256 ${sha256}, and ${expected.sha256} was expected${besides}`
  if (expected.blob === undefined) return page && `is ${page}, not the file`
  const blob = await blobDigest(file)
  return blob === expected.blob ? undefined : `is the Git blob ${blob}, and ${expected.blob} was expected${besides}`
}

async function headOf(file: string): Promise<Buffer> {
  const handle = await open(file)
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** What Git names a file's content by. */
export async function blobDigest(file: string): Promise<string> {
  const hash = createHash('sha1').update(`blob ${(await stat(file)).size}\0`)
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** How many bytes a file has, without downloading it; undefined where the server does not say. Some servers answer no HEAD, so that it is asked for, and left. @throws RequestError */
export async function announcedSize(
  url: string,
  token: string | undefined,
  signal: AbortSignal
): Promise<number | undefined> {
  const { status, header, body } = await ask(url, { token, signal })
  body.on('error', () => undefined).destroy()
  const length = header('content-length')
  if (status !== 200) throw new RequestError(`the server answered ${status}`)
  return length === undefined || header('content-encoding') !== undefined ? undefined : Number(length)
}
