import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readDiffusers } from '../checkpoints/diffusers.js'
import { readJson } from '../checkpoints/json.js'
import { EpdError } from '../errors.js'
import { makeFolder } from '../files/place.js'
import { firstNames } from '../first-names.js'
import { fileAddress, HEX40, listingIn, listRepository, OFFLINE_WAY_OUT, type Listed, type Listing } from './hub.js'
import { snapshotOf } from './hub-cache.js'
import { hubSettings, type HubSettings } from './hub-settings.js'
import { receive } from './receive.js'
import { lacking, selected, type Wish } from './selection.js'
import { isIntact } from './verify.js'

/** A repository of Hugging Face, or what of it is wanted. */
export interface RepositoryWish extends Wish {
  readonly repository: string
  readonly revision: string
  /** The SHA-256 that the file must have. */
  readonly sha256?: string
}

/** The copy of a repository on this machine. */
export interface RepositoryCopy {
  readonly path: string
  readonly commit: string
}

export interface RepositoryOptions {
  /** The folder of what was downloaded. */
  readonly folder: string
  readonly settings?: HubSettings
  readonly onNote?: (message: string) => void
}

/**
 * Finds what is on this machine already, in the cache of Hugging Face's own tools or downloaded earlier. All of it is
 * verified.
 */
export async function findRepository(
  wish: RepositoryWish,
  { folder, settings = hubSettings(), onNote }: RepositoryOptions
): Promise<RepositoryCopy | undefined> {
  const cached = await snapshotOf(wish, wish, settings)
  if (cached?.damaged.length === 0) return copyIn(cached.folder, cached.commit, wish)
  if (cached)
    onNote?.(
      `${cached.damaged.join(', ')}: the bytes are not those that the cache names it by; it is not used, but downloaded`
    )
  const own = await downloaded(wish, folder)
  if (!own) return undefined
  const there = chosen(own, wish)
  for (const file of there) if (!(await isIntact(placeIn(folder, wish, own, file.path), file))) return undefined
  return copyIn(commitFolder(folder, wish, own.commit), own.commit, wish)
}

export interface DownloadEvents {
  readonly signal: AbortSignal
  readonly onProgress?: (url: string, received: number, total: number | undefined, silent?: number) => void
  /** Is called with the SHA-256 of each file that has come. */
  readonly onDigest?: (url: string, sha256: string) => void
}

/**
 * Downloads what is wanted and not there yet, file by file, each verified by the digest that Hugging Face lists for it.
 * A branch or tag stays at the commit that it was first downloaded at.
 * @throws EpdError `download-failed`, `model-invalid`
 */
export async function obtainRepository(
  wish: RepositoryWish,
  options: RepositoryOptions,
  { signal, onProgress, onDigest }: DownloadEvents
): Promise<RepositoryCopy> {
  const { folder, settings = hubSettings() } = options
  if (settings.offline) throw forbidden(wish)
  const listing = (await downloaded(wish, folder)) ?? (await listed(wish, options, signal))
  const root = commitFolder(folder, wish, listing.commit)
  const files = chosen(listing, wish)
  const get = async (file: Listed) => {
    const path = join(root, file.path)
    if (await isIntact(path, file)) return
    const url = fileAddress(settings, wish.repository, listing.commit, file.path)
    makeFolder(dirname(path))
    const sha256 = await receive({
      ...{ url, path, expected: file, token: settings.token, signal, wayOut: OFFLINE_WAY_OUT },
      onProgress: (received, total, silent) => onProgress?.(url, received, total, silent)
    })
    onDigest?.(url, sha256)
  }
  const isSmall = ({ path }: Listed) => /\.(json|txt|yaml)$/.test(path)
  for (const file of files.filter(isSmall)) await get(file)
  await check(wish, listing, root)
  await remember(wish, folder, listing)
  for (const file of files.filter(file => !isSmall(file))) await get(file)
  return copyIn(root, listing.commit, wish)
}

/** The number of bytes that would be downloaded. @throws EpdError `download-failed` */
export async function missingBytes(
  wish: RepositoryWish,
  options: RepositoryOptions,
  signal: AbortSignal
): Promise<number> {
  const listing = (await downloaded(wish, options.folder)) ?? (await listed(wish, options, signal))
  const absent = chosen(listing, wish).filter(({ path }) => !existsSync(placeIn(options.folder, wish, listing, path)))
  return absent.reduce((sum, { size }) => sum + size, 0)
}

function listed(
  wish: RepositoryWish,
  { settings = hubSettings() }: RepositoryOptions,
  signal: AbortSignal
): Promise<Listing> {
  if (settings.offline) throw forbidden(wish)
  return listRepository(wish, settings, signal)
}

function forbidden({ repository }: RepositoryWish): EpdError {
  return new EpdError(
    'download-failed',
    `hf:${repository}: not all of it is on this machine, and HF_HUB_OFFLINE forbids to download it; unset that, ` +
      `or bring it here by "hf download" and HF_HOME, or as EPD_ASSETS/${repository}`
  )
}

/** @throws EpdError `download-failed` if the repository has nothing of what is wanted. */
function chosen(listing: Listing, wish: RepositoryWish): Listed[] {
  const { files } = listing
  const wanted = new Set(
    selected(
      files.map(({ path }) => path),
      wish
    )
  )
  const found = files.filter(({ path }) => wanted.has(path))
  if (found.length === 0)
    throw new EpdError(
      'download-failed',
      `hf:${wish.repository}: has ${wish.path === undefined ? 'nothing that is read here' : `no ${wish.path}`}; ` +
        `it has ${some(files)}`
    )
  const its = found.find(({ path }) => path === wish.path)
  if (wish.sha256 === undefined) return found
  if (!its)
    throw new EpdError(
      'download-failed',
      `hf:${wish.repository}: #sha256= is the digest of one file, and this is a folder; pin that by @${listing.commit}`
    )
  if (its.sha256 !== undefined && its.sha256 !== wish.sha256)
    throw new EpdError(
      'download-failed',
      `hf:${wish.repository}: ${its.path} has the SHA-256 ${its.sha256} there, and ${wish.sha256} is expected`
    )
  return found.map(file => (file === its ? { ...file, sha256: wish.sha256 } : file))
}

function some(files: readonly Listed[]): string {
  return files.length === 0 ? 'no files' : firstNames(files.map(({ path }) => path))
}

/** Whether the weights are worth their download. @throws EpdError `download-failed`, `model-invalid` */
async function check(wish: RepositoryWish, { files }: Listing, root: string): Promise<void> {
  const { path, repository, variant } = wish
  if (files.some(file => file.path === path)) return
  const start = path === undefined ? '' : `${path}/`
  const here = files.flatMap(file => (file.path.startsWith(start) ? [file.path.slice(start.length)] : []))
  const folder = join(root, start)
  const index = await readJson(join(folder, 'model_index.json'))
  const lacks = lacking(here, index, variant)
  if (lacks.length > 0)
    throw new EpdError('download-failed', `hf:${repository}: has no ${lacks.join(', no ')}; it has ${some(files)}`)
  if (index)
    await readDiffusers(folder, { variant }).catch((error: unknown) => {
      if (error instanceof EpdError && error.code === 'model-invalid') throw error
    })
}

function copyIn(root: string, commit: string, { path }: RepositoryWish): RepositoryCopy {
  return { commit, path: path === undefined ? root : join(root, path) }
}

function homeOf(folder: string, { repository }: RepositoryWish): string {
  return join(folder, repository.replace('/', '--'))
}

function commitFolder(folder: string, wish: RepositoryWish, commit: string): string {
  return join(homeOf(folder, wish), commit)
}

function placeIn(folder: string, wish: RepositoryWish, { commit }: Listing, path: string): string {
  return join(commitFolder(folder, wish, commit), path)
}

/** The list of files of a revision that something was downloaded of. */
async function downloaded(wish: RepositoryWish, folder: string): Promise<Listing | undefined> {
  const home = homeOf(folder, wish)
  const { revision } = wish
  const known = HEX40.test(revision) ? revision : await textOf(join(home, 'refs', encodeURIComponent(revision)))
  const text = known === undefined ? undefined : await textOf(join(home, `${known.trim()}.json`))
  if (text === undefined) return undefined
  try {
    return listingIn(text)
  } catch {
    return undefined
  }
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

async function remember(wish: RepositoryWish, folder: string, listing: Listing): Promise<void> {
  const home = homeOf(folder, wish)
  const siblings = listing.files.map(({ path, size, sha256, blob }) => ({
    ...{ rfilename: path, size, blobId: blob },
    lfs: sha256 === undefined ? undefined : { sha256 }
  }))
  await put(join(home, `${listing.commit}.json`), JSON.stringify({ sha: listing.commit, siblings }))
  await put(join(home, 'refs', encodeURIComponent(wish.revision)), listing.commit)
}

async function put(path: string, text: string): Promise<void> {
  makeFolder(dirname(path))
  await writeFile(`${path}.part`, text)
  await rename(`${path}.part`, path)
}
