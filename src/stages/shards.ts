import type { Condition } from '../models/denoiser.js'
import type { Model } from '../models/model.js'
import type { GeneratorName } from '../random/latents.js'
import { noise } from '../solvers/noise.js'
import type { NoiseScale } from '../solvers/schedule.js'
import { EpdError } from '../errors.js'
import { Seeds } from '../reading/seeds.js'
import type { Artifact, ShardRow, Store } from '../store/store.js'
import { counted } from './counted.js'
import type { StageBase } from './base.js'
import type { StageContext, StageCost } from './stage.js'

/**
 * Seeds that are computed and committed together. It is part of what a stage leaves, so it never depends on the
 * machine.
 */
const SEEDS_A_SHARD = 64

/**
 * Shards under way at once: while one takes a solver's step, or is encoded and written, the model answers the other.
 */
const LANES = 2

export interface Shard {
  readonly position: number
  readonly seeds: readonly number[]
}

/** A file that a shard leaves. */
export interface ShardFile {
  readonly name: string
  readonly data: Uint8Array
  readonly extension: string
  readonly mediaType: string
}

/** What a stage of shards computes, and how many evaluations of the model that will take, all samples together. */
export interface Seeded {
  readonly seeds: Seeds
  readonly evaluations: number
}

/** What a stage does with each of its shards. */
export interface ShardWork<T extends StageCost> {
  readonly compute: (shard: Shard) => Promise<T>
  readonly encode: (result: T, shard: Shard) => readonly ShardFile[]
}

/** The state that each seed starts from at sigma, with its class or its prompt. */
export function start(
  seeds: readonly number[],
  model: Model,
  sigma: number,
  generator: GeneratorName,
  noiseScale: NoiseScale | undefined,
  { promptsOf }: StageContext
): { x: Float64Array; condition?: Condition } {
  const { x, condition } = noise(seeds, model, sigma, generator, noiseScale)
  return { x, condition: promptsOf ? { ...condition, prompts: promptsOf(seeds) } : condition }
}

/** How many shards these seeds make. */
export function shardCount(seeds: Seeds): number {
  return Math.ceil(seeds.length / SEEDS_A_SHARD)
}

/** How many shards the seeds of another stage make, which this one goes through shard by shard. */
export function shardsOf(stage: StageBase | undefined): number | undefined {
  return stage && 'seeds' in stage && stage.seeds instanceof Seeds ? shardCount(stage.seeds) : undefined
}

function always(): boolean {
  return true
}

/**
 * Computes the shards of a stage that are not in the store yet, each committed whole.
 */
export async function runShards<T extends StageCost>(
  { seeds, evaluations: expected }: Seeded,
  { store, key, claim, openModel, onProgress, isWanted = always }: StageContext,
  work: (model: Model) => ShardWork<T>
): Promise<StageCost> {
  const done = new Map(store.shards(key).map(shard => [shard.position, shard]))
  const costs: StageCost[] = [...done.values()]
  const opened = await openModel()
  const total = expected * opened.nfeFactor
  let evaluations = totalOf(costs)
  let stored = [...done.values()].reduce((sum, shard) => sum + shard.seeds.length, 0)
  const report = () => {
    onProgress({ done: evaluations, total, unit: 'evaluations', stored })
  }
  report()
  const model = counted(opened, more => {
    evaluations += more
    report()
  })
  const { compute, encode } = work(model)

  const queue = eachShard(seeds, position => done.has(position) || !isWanted(position))
  const lane = async () => {
    for (const shard of queue) {
      const result = await compute(shard)
      const spent = { nfe: result.nfe, evaluations: result.evaluations }
      store.putShard(claim, { ...shard, ...spent, files: encode(result, shard) })
      costs.push(spent)
      stored += shard.seeds.length
      report()
    }
  }
  const lanes = Array.from({ length: LANES }, lane)
  try {
    await Promise.all(lanes)
  } finally {
    queue.return()
    await Promise.allSettled(lanes)
  }
  return { nfe: costs.at(0)?.nfe, evaluations: totalOf(costs) }
}

function totalOf(costs: readonly StageCost[]): number {
  return costs.reduce((sum, { evaluations }) => sum + evaluations, 0)
}

/** The shards of some seeds that are not done, each made when it is asked for. */
function* eachShard(seeds: Seeds, isDone: (position: number) => boolean): Generator<Shard, void> {
  for (let position = 0; position * SEEDS_A_SHARD < seeds.length; position++)
    if (!isDone(position))
      yield { position, seeds: seeds.slice(position * SEEDS_A_SHARD, (position + 1) * SEEDS_A_SHARD) }
}

/** A shard of another stage, with the file of it that is read. */
export interface Source {
  readonly shard: ShardRow
  readonly artifact: Artifact
}

/**
 * Makes a shard of each shard of another stage, each committed whole; those that are there already are left alone.
 * `convert` tells by `advance` of samples that it is done with.
 */
export async function convertShards(
  { store, key, claim, signal, onProgress, isWanted = always }: StageContext,
  sources: readonly Source[],
  convert: (artifact: Artifact, shard: ShardRow, advance: (samples: number) => void) => Promise<readonly ShardFile[]>
): Promise<void> {
  const done = new Set(store.shards(key).map(({ position }) => position))
  const isDone = ({ shard }: Source) => done.has(shard.position)
  const samplesOf = (some: readonly Source[]) => some.reduce((sum, { shard }) => sum + shard.seeds.length, 0)
  const total = samplesOf(sources)
  let finished = samplesOf(sources.filter(isDone))
  const advance = (samples: number) => {
    finished += samples
    onProgress({ done: finished, total, unit: 'samples' })
  }
  advance(0)
  const isLeft = (source: Source) => !isDone(source) && isWanted(source.shard.position)
  for (const { shard, artifact } of sources.filter(isLeft)) {
    signal.throwIfAborted()
    const { position, seeds } = shard
    store.putShard(claim, { position, seeds, evaluations: 0, files: await convert(artifact, shard, advance) })
  }
}

/** A stage's shards, each with the one file of this name that it has left. */
export function shardsWith(store: Store, key: string, name: string): Source[] {
  const files = new Map(store.artifacts(key, name).map(artifact => [artifact.position, artifact]))
  return store.shards(key).map(shard => {
    const artifact = files.get(shard.position)
    if (!artifact) throw new EpdError('store-corrupt', `a shard's ${name} are missing from the store; run again`)
    return { shard, artifact }
  })
}

/** An array as a file of a shard. */
export function npyFile(name: string, data: Uint8Array): ShardFile {
  return { name, data, extension: 'npy', mediaType: 'application/x-npy' }
}
