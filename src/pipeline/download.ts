import { createHash } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { faultOf } from '../downloads/expected.js'
import { shown, type OnProgress, type ReceiveOptions } from '../downloads/receive-options.js'
import { receive } from '../downloads/receive.js'
import { EpdError } from '../errors.js'
import { makeFolder } from '../files/place.js'

export interface DownloadOptions extends Pick<ReceiveOptions, 'token' | 'stallSeconds' | 'limit'> {
  readonly url: string
  /** Folder that keeps downloaded files. */
  readonly folder: string
  /** The SHA-256 that the file must have. */
  readonly sha256?: string
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
  /** Is called with the SHA-256 of a file that has come. */
  readonly onDigest?: (sha256: string) => void
}

/**
 * The path of a file from the network, downloaded if it is not in the folder yet. The file's SHA-256 is recorded beside
 * it at first use and checked at every later one, also where the file is downloaded again; a file that was put there by
 * hand counts as downloaded.
 * @throws EpdError `download-failed`; `checkpoint-invalid` if the file's bytes are not those first recorded, or not
 * those expected.
 */
export async function download(options: DownloadOptions): Promise<string> {
  const { url, folder, sha256 } = options
  const path = downloadPath(folder, url)
  makeFolder(folder)
  if (await sizeOf(path)) {
    await checkDigest(path, options)
    return path
  }
  const recorded = await recordedDigest(path)
  const wayOut =
    sha256 === undefined && recorded !== undefined
      ? `put the file that came first at ${path}; if it is meant to have changed, move ${recordOf(path)} away`
      : undefined
  const digest = await receive({ ...options, path, expected: { sha256: sha256 ?? recorded }, wayOut })
  await writeFile(recordOf(path), `${digest}\n`)
  options.onDigest?.(digest)
  return path
}

/** Where the file of an address is kept: its own name, and the address's digest so that no two share a place. */
export function downloadPath(folder: string, url: string): string {
  const name = basename(new URL(url).pathname) || 'download'
  return join(folder, `${createHash('sha256').update(url).digest('hex').slice(0, 12)}-${name}`)
}

function recordOf(path: string): string {
  return `${path}.sha256`
}

async function recordedDigest(path: string): Promise<string | undefined> {
  const text = (await readFile(recordOf(path), 'utf8').catch(() => '')).trim()
  return /^[0-9a-f]{64}$/.test(text) ? text : undefined
}

async function checkDigest(path: string, { url, sha256 }: DownloadOptions): Promise<void> {
  const digest = await fileDigest(path)
  const recorded = await recordedDigest(path)
  const fault = await faultOf(path, digest, { expected: { sha256 }, name: basename(new URL(url).pathname) })
  if (fault !== undefined)
    throw new EpdError(
      'checkpoint-invalid',
      `${path}: ${fault}; put the file of ${shown(url)} in its place, or move it away to have that downloaded`
    )
  if (recorded === undefined || sha256 !== undefined) await writeFile(recordOf(path), `${digest}\n`)
  else if (recorded !== digest)
    throw new EpdError(
      'checkpoint-invalid',
      `${path}: its bytes are not those first downloaded from ${shown(url)}; move it away to download it again (if the change is meant, move ${recordOf(path)} away)`
    )
}

async function sizeOf(path: string): Promise<number | undefined> {
  const info = await stat(path).catch(() => undefined)
  return info?.size
}
