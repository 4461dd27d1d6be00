import { EpdError } from '../errors.js'
import type { Expected } from './expected.js'

export interface ReceiveOptions {
  readonly url: string
  /** The path that the file is to have. */
  readonly path: string
  /** The content that the file must have, where that is known. */
  readonly expected?: Expected
  readonly token?: string
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
  /** Another way out of a failure, for messages; default: the file may be put at its path. */
  readonly wayOut?: string
  /** The seconds without a byte after which a download ends; default: 60. */
  readonly stallSeconds?: number
  /** The most bytes that are taken where the server does not announce their number; default: 16 GiB. */
  readonly limit?: number
}

/**
 * Is called as bytes come. `total` is undefined where the server does not announce it; `silent` is the number of
 * seconds in which nothing has come, from the fifth on.
 */
export type OnProgress = (received: number, total: number | undefined, silent?: number) => void

export const STALL_SECONDS = 60
export const LIMIT = 16 * 2 ** 30

/** The error of a download, with the ways out of it. */
export function failed(options: ReceiveOptions, reason: string, cause?: unknown, again = 'run again'): EpdError {
  const { url, path, wayOut = `put the file at ${path}` } = options
  return new EpdError('download-failed', `${shown(url)}: ${reason}; ${again}, or ${wayOut}`, { cause })
}

/** An address for messages, without user and password. */
export function shown(address: string): string {
  const url = new URL(address)
  url.username = url.password = ''
  return url.href
}
