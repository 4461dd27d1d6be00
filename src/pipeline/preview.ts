import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EpdError } from '../errors.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import type { Cost, StageBase } from '../stages/kind.js'
import { STAGE_KINDS, type StageKinds } from '../stages/registry.js'
import type { Store } from '../store/store.js'
import { absentCopies, cacheFolder, expectFiles, findCopies, type Absent } from './assets.js'
import { costsOf, NO_COST } from './costs.js'
import { prepared, type ExecuteOptions } from './prepare.js'
import { secondsFor, speedsOf, type Speeds } from './speeds.js'

/** How far the store has come with a stage. */
export type StageState =
  /** Nothing is known of it before all that the experiment reads is there. */
  | { readonly state: 'unknown' }
  | { readonly state: 'absent' }
  | { readonly state: 'finished' }
  | { readonly state: 'begun'; readonly shards: number; readonly iterations: number }

/** A stage, what the store has of it, and its evaluations of the model if it ran from its beginning. */
export interface PreviewedStage extends Cost {
  readonly stage: StageBase
  /** The key of its result; absent while that is not known. Stages of one key are computed once. */
  readonly key?: string
  readonly progress: StageState
  /**
   * Seconds that these evaluations would take at the rate of the same model's stages in the newest runs of the store;
   * absent where it has none, or the stage evaluates no model.
   */
  readonly seconds?: number
}

/** What a run would do. */
export interface Preview {
  readonly stages: readonly PreviewedStage[]
  /** What would have to be downloaded first. */
  readonly absent: readonly Absent[]
}

/** An experiment, and the store in which it would be run. */
export interface PreviewOptions extends Omit<ExecuteOptions, 'store'> {
  /** A store that is open for reading is enough. */
  readonly store: Store
  /** How long servers may take to say how large their files are, in milliseconds; default 20,000. */
  readonly patience?: number
}

/**
 * Finds what a run would do; nothing is computed or downloaded. Warnings come as events.
 * @throws EpdError as `begin` does
 */
export async function preview({ patience = 20_000, ...options }: PreviewOptions): Promise<Preview> {
  const { experiment, store, signal, onEvent, kinds = STAGE_KINDS } = options
  const copies = await findCopies(experiment, store.root)
  const patient = AbortSignal.any([signal, AbortSignal.timeout(patience)])
  const absent = await absentCopies(experiment, copies, store.root, patient)
  if (absent.length > 0) {
    for (const message of experiment.warnings) onEvent({ type: 'warning', message })
    return { stages: previewed(experiment, kinds, () => ({ state: 'unknown' })), absent }
  }
  expectFiles(experiment, kinds)
  const {
    experiment: whole,
    model,
    plan
  } = await inCache(store, cacheDir => prepared({ ...options, cacheDir }, copies))
  await model.close()
  const speeds = speedsOf(store, model.digest, model.engine)
  const known = { keyOf: plan.keyOf, nfeFactor: model.nfeFactor, speeds }
  return { stages: previewed(whole, kinds, name => progressOf(store, plan.keyOf(name)), known), absent }
}

/** Works with the cache of a store, or, where that cannot be written, with one that is deleted again. */
async function inCache<T>({ root }: Store, work: (cacheDir: string) => Promise<T>): Promise<T> {
  try {
    return await work(cacheFolder(root))
  } catch (error) {
    if (!(error instanceof EpdError && error.code === 'store-unwritable')) throw error
  }
  const folder = await mkdtemp(join(tmpdir(), 'epd-run-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What is known once all that an experiment reads is there. */
interface Known {
  readonly keyOf?: (name: string) => string
  readonly nfeFactor?: number
  readonly speeds?: Speeds
}

function previewed(
  experiment: AnyExperiment,
  kinds: StageKinds,
  progress: (name: string) => StageState,
  { keyOf, nfeFactor = 1, speeds }: Known = {}
): readonly PreviewedStage[] {
  const costs = costsOf(experiment, kinds, nfeFactor)
  return experiment.stages.map(stage => {
    const cost = costs.get(stage.name) ?? NO_COST
    const isKnown = cost.evaluations > 0 && speeds !== undefined && speeds.size > 0
    return {
      ...{ stage, progress: progress(stage.name), ...cost },
      ...(keyOf && { key: keyOf(stage.name) }),
      ...(isKnown && { seconds: secondsFor(speeds, { stage, cost }) })
    }
  })
}

function progressOf(store: Store, key: string): StageState {
  if (!store.isBegun(key)) return { state: 'absent' }
  if (store.isComplete(key)) return { state: 'finished' }
  const [shards, iterations] = [store.shards(key).length, store.iterations(key).length]
  return shards + iterations > 0 ? { state: 'begun', shards, iterations } : { state: 'absent' }
}
