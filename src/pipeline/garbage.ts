import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { guarded } from '../store/failures.js'
import { imageFolders, objectFiles, sized, type Sized } from '../store/folders.js'
import type { Store, Unused, WritableStore } from '../store/store.js'
import { cacheOf, type Cache, type Cached } from './cache.js'

/** What nothing in a store refers to, with files of the cache. */
export interface Garbage extends Unused {
  readonly cache: readonly Sized[]
  /** All of its bytes on the disk. The files that stages have left are counted once, as objects. */
  readonly bytes: number
}

/** What is collected, and how. */
export interface GarbageOptions {
  /**
   * Whether downloads that no run in the store has read are deleted too; default: they stay, since they may have been
   * brought for a run that is still to come, to where there is no network.
   */
  readonly downloads?: boolean
  /** An aborted signal ends the work before the next deletion. */
  readonly signal?: AbortSignal
}

/** What was deleted. */
export interface Collected extends Garbage {
  /** Whether files of the cache were kept since other processes have the store open to work in it. */
  readonly cacheInUse: boolean
}

/**
 * Finds what `collectGarbage` would delete, and deletes nothing. A store that is open for reading is enough.
 * @throws EpdError `store-corrupt` where rows that name stages are not what was written
 */
export async function findGarbage(store: Store, { downloads = false }: GarbageOptions = {}): Promise<Garbage> {
  const { stages, images, objects } = store.unused()
  const cache = unusedIn(await cacheOf(store), downloads)
  return { stages, objects: [...objects], images, cache, bytes: bytesOf([...objects, ...images, ...cache]) }
}

/**
 * Deletes what nothing in a store refers to: results of stages that no run has, their files, pictures of runs that are
 * no more, and compiled graphs and encodings of prompts that no run's model is. Other processes may work in the store
 * meanwhile, and what they use stays; of the cache all stays then. Where it is ended on the way, even killed, the next
 * call deletes the rest.
 * @throws EpdError `store-corrupt` where rows that name stages are not what was written, `store-unwritable`; the
 * signal's reason
 */
export function collectGarbage(
  store: WritableStore,
  { downloads = false, signal }: GarbageOptions = {}
): Promise<Collected> {
  return store.whileNoneDeletes(async () => {
    const unused = await store.removeUnused({ signal })
    const found = unusedIn(await cacheOf(store), downloads)
    const isDone = found.length === 0 || (await store.alone(deleting(found)))
    const cache = isDone ? found : []
    if (await store.alone(() => undefined)) store.compact()
    const bytes = bytesOf([...unused.objects, ...unused.images, ...cache])
    return { ...unused, cache, bytes, cacheInUse: !isDone }
  }, signal)
}

function deleting(files: readonly Sized[]): () => void {
  return () => {
    for (const { path } of files)
      guarded(path, () => {
        rmSync(path, { recursive: true, force: true })
      })
  }
}

function unusedIn({ graphs, prompts, downloads }: Cache, withDownloads: boolean): Sized[] {
  const all: readonly Cached[] = [...graphs, ...prompts, ...(withDownloads ? downloads : [])]
  return all.flatMap(({ path, bytes, isUsed }) => (isUsed ? [] : [{ path, bytes }]))
}

/** What a run takes of the disk, in bytes. */
export interface RunUsage {
  readonly run: string
  /** Files that no other run's stages have left, so that they are free once this run is removed. */
  readonly own: number
  /** Files that stages of other runs have left too. */
  readonly shared: number
  /** Pictures for people. */
  readonly images: number
}

/** What takes the room of a store, in bytes. */
export interface Usage {
  readonly runs: readonly RunUsage[]
  /** Files that several runs share, each once. */
  readonly shared: number
  /** The database with its log. */
  readonly database: number
  readonly cache: { readonly graphs: number; readonly prompts: number; readonly downloads: number }
  /** What `collectGarbage` would delete, in the cache too. */
  readonly unused: number
  /** All files of the store. */
  readonly total: number
}

/** Tells what takes the room of a store. @throws EpdError `store-corrupt` */
export async function usage(store: Store): Promise<Usage> {
  const { root } = store
  const owners = ownersOf(store)
  const [images, cache] = [imageFolders(root), await cacheOf(store)]
  const { bytes: unused } = await findGarbage(store)
  const [own, shared] = [new Map<string, number>(), new Map<string, number>()]
  let sharedOnce = 0
  for (const { name, bytes } of objectFiles(root)) {
    const runs = owners.get(name) ?? []
    const sums = runs.length > 1 ? shared : own
    for (const run of runs) sums.set(run, (sums.get(run) ?? 0) + bytes)
    if (runs.length > 1) sharedOnce += bytes
  }
  const database = ['', '-wal', '-shm'].map(end => sized(join(root, `store.sqlite${end}`)))
  return {
    runs: store.runs().map(({ id }) => {
      const folder = images.get(id)
      const pictures = folder === undefined ? 0 : sized(folder).bytes
      return { run: id, own: own.get(id) ?? 0, shared: shared.get(id) ?? 0, images: pictures }
    }),
    shared: sharedOnce,
    database: bytesOf(database),
    cache: { graphs: bytesOf(cache.graphs), prompts: bytesOf(cache.prompts), downloads: bytesOf(cache.downloads) },
    unused,
    total: sized(root).bytes
  }
}

/** The runs of each file that a stage has left, by the file's name. */
function ownersOf(store: Store): ReadonlyMap<string, readonly string[]> {
  const owners = new Map<string, string[]>()
  for (const { id } of store.runs()) {
    const artifacts = store.runStages(id).flatMap(({ key }) => store.artifacts(key))
    for (const name of new Set(artifacts.map(({ digest, extension }) => `${digest}.${extension}`)))
      owners.set(name, [...(owners.get(name) ?? []), id])
  }
  return owners
}

function bytesOf(files: readonly Sized[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}
