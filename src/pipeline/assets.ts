import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { componentDigest, folderOf, readComponent } from '../checkpoints/diffusers.js'
import { EpdError } from '../errors.js'
import type { Experiment, ModelSpec } from '../spec/experiment.js'
import { isAddress } from '../spec/location.js'
import { identity } from '../stages/identity.js'
import type { WritableStore } from '../store/store.js'
import { download, downloadPath } from './download.js'
import type { OnEvent } from './event.js'

/** A file that a spec names, on this machine. */
export interface Asset {
  readonly path: string
  /** SHA-256 of its bytes; of a network's folder, of its config.json and weights. */
  readonly digest: string
}

/** The files of an experiment, by the path or address that its spec gives. */
export type Assets = ReadonlyMap<string, Asset>

/** All that an experiment reads beside its spec, the model first. */
export function locations({ model, prompts, stages }: Experiment): string[] {
  const csv = prompts && 'csv' in prompts ? [prompts.csv] : []
  return [...new Set([...modelLocations(model), ...csv, ...stages.flatMap(stage => identity(stage).assets ?? [])])]
}

function modelLocations(model: ModelSpec): string[] {
  if ('command' in model) return []
  if ('onnx' in model) return [model.onnx]
  return [model.checkpoint, model.guidance?.classifier].flatMap(location => location ?? [])
}

/**
 * What an experiment reads from this machine and is not there, a line each. Absent downloads are not among them: they can be got still.
 */
export function absentFiles(experiment: Experiment, root: string): string[] {
  return locations(experiment).flatMap(location => {
    const path = assetPath(location, root)
    if (existsSync(path)) return []
    if (!isAddress(location)) return [`${path}: there is no such file; correct its path`]
    return process.env.EPD_ASSETS ? [notPutThere(path, location)] : []
  })
}

/** @throws EpdError `checkpoint-missing` that names all that is not there */
function expectFiles(experiment: Experiment, root: string): void {
  const absent = absentFiles(experiment, root)
  if (absent.length > 0) throw new EpdError('checkpoint-missing', absent.join('\n'))
}

function notPutThere(path: string, url: string): string {
  return `${path}: there is no such file; put there what is at ${url}, or unset EPD_ASSETS to have it downloaded`
}

/** Folder of downloads and compiled graphs. */
export function cacheFolder(root: string): string {
  return join(root, 'cache')
}

/**
 * Where a file is, or will be. A folder named by EPD_ASSETS takes the network's place: what has an address is looked for there,
 * under the address's last name.
 */
export function assetPath(location: string, root: string): string {
  if (!isAddress(location)) return location
  const folder = process.env.EPD_ASSETS
  return folder ? join(folder, basename(new URL(location).pathname)) : downloadPath(cacheFolder(root), location)
}

/**
 * Gets all that an experiment reads. The model's file is only got: what is in it names it.
 * @throws EpdError `checkpoint-missing`, `download-failed`
 */
export async function obtainAssets(
  experiment: Experiment,
  store: WritableStore,
  signal: AbortSignal,
  onEvent: OnEvent
): Promise<Assets> {
  expectFiles(experiment, store.root)
  const all = locations(experiment)
  for (const location of all)
    if (isAddress(location)) await obtain(location, assetPath(location, store.root), store, signal, onEvent)
  const assets = new Map<string, Asset>()
  const [opened] = modelLocations(experiment.model)
  for (const location of all.filter(each => each !== opened))
    assets.set(location, await assetAt(assetPath(location, store.root)))
  return assets
}

/** @throws EpdError `checkpoint-missing` */
export async function assetAt(path: string): Promise<Asset> {
  if ((await folderOf(path)) === undefined) return { path, digest: await fileDigest(path) }
  return { path, digest: await componentDigest(await readComponent(path)) }
}

async function obtain(
  url: string,
  path: string,
  store: WritableStore,
  signal: AbortSignal,
  onEvent: OnEvent
): Promise<void> {
  if (!process.env.EPD_ASSETS) await downloadOnce(url, store, signal, onEvent)
  else if (!existsSync(path)) throw new EpdError('checkpoint-missing', notPutThere(path, url))
}

const RETRY = 500

/** By one process at a time. */
async function downloadOnce(url: string, store: WritableStore, signal: AbortSignal, onEvent: OnEvent): Promise<void> {
  let claim = store.claim(`download ${url}`)
  while (!claim) {
    await sleep(RETRY, undefined, { signal })
    claim = store.claim(`download ${url}`)
  }
  try {
    const onProgress = (received: number, total: number | undefined) => {
      onEvent({ type: 'download', url, received, total })
    }
    await download({ url, folder: cacheFolder(store.root), signal, onProgress })
  } finally {
    claim.release()
  }
}

/** A file that obtainAssets has got. */
export function assetOf(assets: Assets, location: string): Asset {
  const asset = assets.get(location)
  if (!asset) throw new RangeError(`${location} was not asked for`)
  return asset
}
