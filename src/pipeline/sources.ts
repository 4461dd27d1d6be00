import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { shown } from '../downloads/receive-options.js'
import { EpdError } from '../errors.js'
import type { Place } from '../reading/location.js'
import type { OnEvent } from './event.js'

/** Something that a spec names, on this machine. */
export interface Copy {
  readonly path: string
  /** The commit that it is, where it comes from a repository. */
  readonly commit?: string
}

export interface SourceOptions {
  /** Folder of downloads and compiled graphs. */
  readonly cache: string
  /** Which weights of a repository are wanted. */
  readonly variant?: string
  readonly onEvent: OnEvent
}

/** How one kind of place is found, got and measured. */
interface Source<P extends Place> {
  /** Without a network; undefined where it is not on this machine. */
  readonly find: (place: P, options: SourceOptions) => Promise<Copy | undefined>
  readonly obtain: (place: P, options: SourceOptions, signal: AbortSignal) => Promise<Copy>
  /** Bytes that obtain would download; undefined where the server does not say. */
  readonly missing: (place: P, options: SourceOptions, signal: AbortSignal) => Promise<number | undefined>
  /** Why it is not on this machine and cannot be got; undefined where it is, or can be. */
  readonly absent: (place: P) => string | undefined
}

type Of<K extends Place['kind']> = Extract<Place, { readonly kind: K }>

const path: Source<Of<'path'>> = {
  find: place => Promise.resolve(place),
  obtain: place => Promise.resolve(place),
  missing: () => Promise.resolve(0),
  absent: ({ path }) => (existsSync(path) ? undefined : `${path}: there is no such file; correct its path`)
}

const address: Source<Of<'address'>> = {
  async find({ url, sha256 }, { cache }) {
    const given = await inAssets(basename(new URL(url).pathname), sha256)
    if (given) return given
    const { downloadPath } = await import('./download.js')
    const path = downloadPath(cache, url)
    return assetsFolder() === undefined && existsSync(path) ? { path } : undefined
  },
  async obtain({ url, sha256 }, { cache, onEvent }, signal) {
    const name = basename(new URL(url).pathname)
    const given = await inAssets(name, sha256)
    if (given) return given
    requireNoAssets(name, `what is at ${shown(url)}`)
    const onProgress = (received: number, total?: number, silent?: number) => {
      onEvent({ type: 'download', url: shown(url), received, total, silent })
    }
    const onDigest = (sha256: string) => {
      onEvent({ type: 'downloaded', url: shown(url), sha256 })
    }
    const { download } = await import('./download.js')
    const token = await tokenOf(url)
    return { path: await download({ url, sha256, folder: cache, token, signal, onProgress, onDigest }) }
  },
  async missing({ url }, _options, signal) {
    requireNoAssets(basename(new URL(url).pathname), `what is at ${shown(url)}`)
    const { announcedSize } = await import('../downloads/announced-size.js')
    return announcedSize(url, await tokenOf(url), signal)
  },
  absent: ({ url }) => notInAssets(basename(new URL(url).pathname), `what is at ${shown(url)}`)
}

async function tokenOf(url: string): Promise<string | undefined> {
  const { hubSettings, tokenFor } = await import('../downloads/hub-settings.js')
  return tokenFor(url, hubSettings())
}

const repository: Source<Of<'repository'>> = {
  async find(place, options) {
    const given = await inAssets(assetsName(place), place.sha256)
    if (given) return given
    const { findRepository } = await import('../downloads/repository.js')
    return findRepository(...repositoryArguments(place, options))
  },
  async obtain(place, options, signal) {
    const found = await repository.find(place, options)
    if (found) return found
    requireNoAssets(assetsName(place), `the files of ${place.repository}`)
    const { onEvent } = options
    const onProgress = (url: string, received: number, total?: number, silent?: number) => {
      onEvent({ type: 'download', url, received, total, silent })
    }
    const onDigest = (url: string, sha256: string) => {
      onEvent({ type: 'downloaded', url, sha256 })
    }
    const { obtainRepository } = await import('../downloads/repository.js')
    return obtainRepository(...repositoryArguments(place, options), { signal, onProgress, onDigest })
  },
  async missing(place, options, signal) {
    requireNoAssets(assetsName(place), `the files of ${place.repository}`)
    const { missingBytes } = await import('../downloads/repository.js')
    return missingBytes(...repositoryArguments(place, options), signal)
  },
  absent: place => notInAssets(assetsName(place), `the files of ${place.repository}`)
}

function repositoryArguments(place: Of<'repository'>, { cache, variant, onEvent }: SourceOptions) {
  const onNote = (message: string) => {
    onEvent({ type: 'warning', message })
  }
  return [
    { ...place, variant },
    { folder: join(cache, 'hub'), onNote }
  ] as const
}

function assetsName({ repository, path = '' }: Of<'repository'>): string {
  return join(repository, path)
}

/** A folder that takes the network's place. */
function assetsFolder(): string | undefined {
  const folder = process.env.EPD_ASSETS
  return folder === '' ? undefined : folder
}

/** @throws EpdError `checkpoint-invalid` if the file there is not the one that is expected. */
async function inAssets(name: string, sha256: string | undefined): Promise<Copy | undefined> {
  const folder = assetsFolder()
  const path = folder === undefined ? '' : join(folder, name)
  if (path === '' || !existsSync(path)) return undefined
  const digest = sha256 === undefined ? undefined : await fileDigest(path)
  if (digest === sha256) return { path }
  throw new EpdError(
    'checkpoint-invalid',
    `${path}: has the SHA-256 ${digest}, and ${sha256} is expected; put the right file there, or correct the #sha256= of the spec`
  )
}

/** That a folder takes the network's place, and has not what it should. */
function notInAssets(name: string, what: string): string | undefined {
  const folder = assetsFolder()
  if (folder === undefined || existsSync(join(folder, name))) return undefined
  return `${join(folder, name)}: there is no such file; put there ${what}, or unset EPD_ASSETS to have it downloaded`
}

/** @throws EpdError `checkpoint-missing` */
function requireNoAssets(name: string, what: string): void {
  const missing = notInAssets(name, what)
  if (missing !== undefined) throw new EpdError('checkpoint-missing', missing)
}

/** What is done with a place, whatever its kind. The code of downloads is loaded where something is downloaded. */
export function sourceOf(place: Place) {
  switch (place.kind) {
    case 'path':
      return bound(path, place)
    case 'address':
      return bound(address, place)
    case 'repository':
      return bound(repository, place)
  }
}

function bound<P extends Place>({ find, obtain, missing, absent }: Source<P>, place: P) {
  return {
    absent: () => absent(place),
    find: (options: SourceOptions) => find(place, options),
    obtain: (options: SourceOptions, signal: AbortSignal) => obtain(place, options, signal),
    missing: (options: SourceOptions, signal: AbortSignal) => missing(place, options, signal)
  }
}
