import type { Hash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { EpdError } from '../errors.js'
import { buffersOf } from './buffers.js'
import type { Part } from './part.js'
import type { Patience } from './patience.js'
import type { Span } from './range.js'
import { failed, LIMIT, STALL_SECONDS, type ReceiveOptions } from './receive-options.js'
import { messageOf, type Answer } from './request.js'

const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress]
])

/** The encoding of an answer, though it was asked to have none; undefined where it has none. */
export function encodingOf(answer: Answer): string | undefined {
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

/** Writes an answer's bytes into the file as they come. @throws EpdError `download-failed` */
export async function write(writing: Writing, onBytes: (received: number) => void): Promise<void> {
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
