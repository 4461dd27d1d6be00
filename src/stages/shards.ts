import type { Condition } from '../models/denoiser.js'
import type { Model } from '../models/open.js'
import type { GeneratorName } from '../random/latents.js'
import { noise } from '../solvers/noise.js'
import type { SampleStage, TeacherStage } from '../spec/experiment.js'
import { evaluationsOf } from './cost.js'
import type { StageContext, StageCost } from './stage.js'

/** Seeds that are computed and committed together. It is part of what a stage leaves, so it never depends on the machine. */
const SEEDS_A_SHARD = 64

/** Shards under way at once: while one takes a solver's step, or is encoded and written, the model answers the other. */
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
  { promptsOf }: StageContext
): { x: Float64Array; condition?: Condition } {
  const { x, condition } = noise(seeds, model, sigma, generator)
  return { x, condition: promptsOf ? { ...condition, prompts: promptsOf(seeds) } : condition }
}

/**
 * Computes the shards of a stage that are not in the store yet, each committed whole.
 */
export async function runShards<T extends StageCost>(
  stage: TeacherStage | SampleStage,
  { store, key, claim, openModel, onProgress }: StageContext,
  work: (model: Model) => ShardWork<T>
): Promise<StageCost> {
  const done = new Map(store.shards(key).map(shard => [shard.position, shard]))
  const costs: StageCost[] = [...done.values()]
  const opened = await openModel()
  const total = evaluationsOf(stage) * opened.nfeFactor
  let evaluations = totalOf(costs)
  let stored = [...done.values()].reduce((sum, { seeds }) => sum + seeds.length, 0)
  const report = () => {
    onProgress({ done: evaluations, total, unit: 'evaluations', stored })
  }
  report()
  const model = counted(opened, more => {
    evaluations += more
    report()
  })
  const { compute, encode } = work(model)

  const queue = shardsOf(stage.seeds).filter(({ position }) => !done.has(position))
  const lane = async () => {
    for (let shard = queue.shift(); shard; shard = queue.shift()) {
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
    queue.length = 0
    await Promise.allSettled(lanes)
  }
  return { nfe: costs.at(0)?.nfe, evaluations: totalOf(costs) }
}

function totalOf(costs: readonly StageCost[]): number {
  return costs.reduce((sum, { evaluations }) => sum + evaluations, 0)
}

/** The same model, telling of each batch that it has answered. */
function counted(model: Model, onEvaluations: (evaluations: number) => void): Model {
  const counting =
    <Answer>(denoise: (x: Float64Array, sigma: Float64Array, condition?: Condition) => Promise<Answer>) =>
    async (x: Float64Array, sigma: Float64Array, condition?: Condition) => {
      const answer = await denoise(x, sigma, condition)
      onEvaluations(sigma.length * model.nfeFactor)
      return answer
    }
  const { features } = model
  return {
    ...model,
    denoise: counting((...given) => model.denoise(...given)),
    features: features && { ...features, denoise: counting((...given) => features.denoise(...given)) }
  }
}

function shardsOf(seeds: readonly number[]): Shard[] {
  return Array.from({ length: Math.ceil(seeds.length / SEEDS_A_SHARD) }, (_, position) => ({
    position,
    seeds: seeds.slice(position * SEEDS_A_SHARD, (position + 1) * SEEDS_A_SHARD)
  }))
}
