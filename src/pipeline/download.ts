import { createHash } from 'node:crypto'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
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
}

/**
 * The path of a file from the network, downloaded if it is not in the folder yet. The file's SHA-256 is recorded beside
 * it at first use and checked at every later one; a file that was put there by hand counts as downloaded.
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
  await rm(recordOf(path), { force: true })
  const digest = await receive({ ...options, path, expected: { sha256 } })
  await writeFile(recordOf(path), `${digest}\n`)
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

async function checkDigest(path: string, { url, sha256 }: DownloadOptions): Promise<void> {
  const digest = await fileDigest(path)
  const recorded = (await readFile(recordOf(path), 'utf8').catch(() => undefined))?.trim()
  const isNew = recorded === undefined
  const fault = await faultOf(path, digest, { expected: { sha256 }, name: basename(new URL(url).pathname) })
  if (fault !== undefined)
    throw new EpdError(
      'checkpoint-invalid',
      `${path}: ${fault}; put the file of ${shown(url)} in its place, or move it away to have that downloaded`
    )
  if (isNew) await writeFile(recordOf(path), `${digest}\n`)
  else if (recorded !== digest)
    throw new EpdError(
      'checkpoint-invalid',
      `${path}: its bytes are not those first downloaded from ${shown(url)}; delete it to download it again (if the change is meant, delete ${recordOf(path)})`
    )
}

async function sizeOf(path: string): Promise<number | undefined> {
  const info = await stat(path).catch(() => undefined)
  return info?.size
}
