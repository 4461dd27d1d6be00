import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { componentDigest, folderOf, readComponent, readDiffusers } from '../checkpoints/diffusers.js'
import { EpdError } from '../errors.js'
import type { PartsOptions } from '../models/layout.js'
import { partsDigest } from '../models/parts.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import { placeOf } from '../reading/location.js'
import { STAGE_KINDS, type StageKinds } from '../stages/registry.js'
import type { WritableStore } from '../store/store.js'
import type { OnEvent } from './event.js'
import { modelLocations } from './model-locations.js'
import { sourceOf, type Copy, type SourceOptions } from './sources.js'

/** A file that a spec names, on this machine. */
export interface Asset {
  readonly path: string
  /** SHA-256 of its bytes; of a network's folder, of its config.json and weights. */
  readonly digest: string
}

/** The files of an experiment, by the path or address that its spec gives. */
export type Assets = ReadonlyMap<string, Asset>

/** Where on this machine everything is, by the path or address that the spec gives. */
export type Copies = ReadonlyMap<string, Copy>

/** What experiments read, which a command asks for several times. Neither an experiment nor its kinds ever change. */
const LOCATIONS = new WeakMap<AnyExperiment, { readonly kinds: StageKinds; readonly found: readonly string[] }>()

/** All that an experiment reads beside its spec, the model first. */
export function locations(experiment: AnyExperiment, kinds: StageKinds = STAGE_KINDS): readonly string[] {
  const known = LOCATIONS.get(experiment)
  if (known?.kinds === kinds) return known.found
  const { model, prompts, stages } = experiment
  const csv = prompts && 'csv' in prompts ? [prompts.csv] : []
  const assets = stages.flatMap(stage => kinds.of(stage).identity(stage, {}).assets ?? [])
  const found = [...new Set([...modelLocations(model), ...csv, ...assets])]
  LOCATIONS.set(experiment, { kinds, found })
  return found
}

/**
 * What an experiment reads from this machine and is not there, a line each. Absent downloads are not among them: they
 * can be got still.
 */
export function absentFiles(experiment: AnyExperiment, kinds?: StageKinds): string[] {
  return locations(experiment, kinds).flatMap(location => sourceOf(placeOf(location)).absent() ?? [])
}

/** @throws EpdError `checkpoint-missing` that names all that is not there */
export function expectFiles(experiment: AnyExperiment, kinds?: StageKinds): void {
  const absent = absentFiles(experiment, kinds)
  const faults = absent.map(message => ({ message }))
  if (absent.length > 0) throw new EpdError('checkpoint-missing', absent.join('\n'), { faults })
}

/** Folder of downloads and compiled graphs. */
export function cacheFolder(root: string): string {
  return join(root, 'cache')
}

/** Where a location is. @throws EpdError `checkpoint-missing` if it has not been downloaded. */
export function copyAt(copies: Copies, location: string): string {
  const path = copies.get(location)?.path
  if (path !== undefined) return path
  throw new EpdError('checkpoint-missing', `${location}: is not on this machine yet`, { wayOut: 'download' })
}

/**
 * Finds what an experiment reads, as far as it is on this machine. A path is where it is, whether there is something or
 * not.
 */
export async function findCopies(experiment: AnyExperiment, root: string): Promise<Copies> {
  const copies = new Map<string, Copy>()
  for (const location of locations(experiment)) {
    const found = await sourceOf(placeOf(location)).find(optionsFor(location, experiment, root, () => undefined))
    if (found) copies.set(location, found)
  }
  return copies
}

/** What of an experiment would be downloaded, with its bytes, or why they are not known. */
export interface Absent {
  readonly location: string
  readonly bytes?: number
  readonly reason?: string
}

export async function absentCopies(
  experiment: AnyExperiment,
  copies: Copies,
  root: string,
  signal: AbortSignal
): Promise<Absent[]> {
  const absent = locations(experiment).filter(location => !copies.has(location))
  return Promise.all(
    absent.map(async location => {
      try {
        const options = optionsFor(location, experiment, root, () => undefined)
        return { location, bytes: await sourceOf(placeOf(location)).missing(options, signal) }
      } catch (error) {
        return { location, reason: error instanceof Error ? error.message : String(error) }
      }
    })
  )
}

/**
 * Gets all that an experiment reads into the store's cache, so that it can then run without a network.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `download-failed`
 */
export async function obtainCopies({
  experiment,
  store,
  signal,
  onEvent,
  kinds
}: {
  readonly experiment: AnyExperiment
  readonly store: WritableStore
  readonly signal: AbortSignal
  readonly onEvent: OnEvent
  readonly kinds?: StageKinds
}): Promise<Copies> {
  expectFiles(experiment, kinds)
  const copies = new Map<string, Copy>()
  for (const location of locations(experiment, kinds)) {
    const source = sourceOf(placeOf(location))
    const options = optionsFor(location, experiment, store.root, onEvent)
    const obtain = () => source.obtain(options, signal)
    const isHere = placeOf(location).kind === 'path'
    copies.set(location, await (isHere ? obtain() : alone(claimName(location), store, signal, obtain)))
  }
  return copies
}

function optionsFor(location: string, { model }: AnyExperiment, root: string, onEvent: OnEvent): SourceOptions {
  const variant = 'checkpoint' in model && model.checkpoint === location ? model.variant : undefined
  return { cache: cacheFolder(root), variant, onEvent }
}

/**
 * The files of an experiment but for its model's, which is named by what is in it.
 * @throws EpdError `checkpoint-missing`
 */
export async function readAssets(experiment: AnyExperiment, copies: Copies, kinds?: StageKinds): Promise<Assets> {
  const assets = new Map<string, Asset>()
  const [opened] = modelLocations(experiment.model)
  for (const location of locations(experiment, kinds))
    if (location !== opened) assets.set(location, await assetAt(copyAt(copies, location)))
  return assets
}

/** @throws EpdError `checkpoint-missing` */
async function assetAt(path: string): Promise<Asset> {
  if ((await folderOf(path)) === undefined) return { path, digest: await fileDigest(path) }
  return { path, digest: await componentDigest(await readComponent(path)) }
}

/** A copy with its size and digest. */
export interface Described extends Asset, Copy {
  readonly location: string
  readonly bytes: number
}

/**
 * Reads all that an experiment names, and says what each is: its size in bytes, its SHA-256, and where it is.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`
 */
export async function describeCopies(
  experiment: AnyExperiment,
  copies: Copies,
  kinds?: StageKinds
): Promise<Described[]> {
  const { model } = experiment
  return Promise.all(
    locations(experiment, kinds).map(async location => {
      const path = copyAt(copies, location)
      const isPipeline = 'checkpoint' in model && model.checkpoint === location
      const read = isPipeline ? await pipelineAt(path, model) : await filesAt(path)
      return { location, ...copies.get(location), path, ...read }
    })
  )
}

async function pipelineAt(path: string, choice: PartsOptions) {
  const folder = await folderOf(path)
  if (folder === undefined) return filesAt(path)
  return { digest: await partsDigest(path, choice), bytes: await sizeOf((await readDiffusers(folder, choice)).files) }
}

async function filesAt(path: string) {
  const isFolder = (await folderOf(path)) !== undefined
  const { file, weights } = isFolder ? await readComponent(path) : { file: path, weights: [] }
  const { digest } = await assetAt(path)
  return { digest, bytes: await sizeOf([file, ...weights]) }
}

async function sizeOf(files: readonly string[]): Promise<number> {
  const all = await Promise.all(files.map(file => stat(file)))
  return all.reduce((sum, { size }) => sum + size, 0)
}

const RETRY = 500

/** What two downloads have in common that would write to the same files. */
function claimName(location: string): string {
  const place = placeOf(location)
  if (place.kind === 'repository') return `download hf:${place.repository}`
  return place.kind === 'address' ? `download ${place.url}` : location
}

/** Work that one process at a time does. */
async function alone<T>(name: string, store: WritableStore, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  let claim = store.claim(name)
  while (!claim) {
    await sleep(RETRY, undefined, { signal })
    claim = store.claim(name)
  }
  try {
    return await work()
  } finally {
    claim.release()
  }
}

/** A file that readAssets has read. */
export function assetOf(assets: Assets, location: string): Asset {
  const asset = assets.get(location)
  if (!asset) throw new RangeError(`${location} was not asked for`)
  return asset
}

/** @throws EpdError `checkpoint-invalid` unless files of a spec still are what their digests name */
export async function checkAssets(assets: Assets, needed: readonly string[]): Promise<void> {
  for (const location of needed) {
    const { path, digest } = assetOf(assets, location)
    if ((await assetAt(path)).digest !== digest)
      throw new EpdError('checkpoint-invalid', `${path}: has changed since this run began; run again`)
  }
}
