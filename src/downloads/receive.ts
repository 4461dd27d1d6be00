import type { Hash } from 'node:crypto'
import { rename, rm, statfs, truncate, writeFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { faultOf } from './expected.js'
import { explain } from './explain.js'
import { discard, hashed, keptOf, partOf, type Part } from './part.js'
import { patience } from './patience.js'
import { rangeHeaders, spanOf, validatorOf, type Kept, type Span } from './range.js'
import { failed, STALL_SECONDS, type ReceiveOptions } from './receive-options.js'
import { ask, messageOf, RequestError, type Answer } from './request.js'
import { encodingOf, write } from './writing.js'

/**
 * Downloads a file to its path, and names its SHA-256. A download that broke off is continued where it stopped, if the
 * server still has that content. Until all of it has come and is what was expected, it stands beside its path, as
 * `.part`.
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

interface Received {
  readonly hash: Hash
  readonly contentType?: string
}

/** Takes one answer's bytes; `unfit` for an answer of other bytes than those asked for. */
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

/** The place of an answer's bytes in the file. @throws EpdError `download-failed` if it has none */
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
      'the server does not say how long the file is, so that a cut one could not be told; give its digest as ' +
        '#sha256=...'
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

/** Notes the content that the server names, so that what comes can be continued. */
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
