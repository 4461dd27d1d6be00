import type { Model } from '../models/open.js'
import type { SampleStage, TeacherStage } from '../spec/experiment.js'
import { cost } from './identity.js'
import type { StageContext, StageCost } from './stage.js'

/** Seeds that are computed and committed together. It is part of what a stage leaves, so it never depends on the machine. */
const SEEDS_A_SHARD = 64

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

export interface ShardResult extends StageCost {
  readonly files: readonly ShardFile[]
}

/** What a stage does with each of its shards. */
export interface ShardWork<T extends StageCost> {
  readonly compute: (shard: Shard) => Promise<T>
  readonly encode: (result: T, shard: Shard) => readonly ShardFile[]
}

/**
 * Computes the shards of a stage that are not in the store yet, each committed whole. While one is computed, the one
 * before it is encoded and written, since the model runs in a thread of its own.
 */
export async function runShards<T extends StageCost>(
  stage: TeacherStage | SampleStage,
  { store, key, claim, openModel, onProgress }: StageContext,
  work: (model: Model) => ShardWork<T>
): Promise<StageCost> {
  const done = new Map(store.shards(key).map(shard => [shard.position, shard]))
  const costs: StageCost[] = [...done.values()]
  const total = cost(stage)
  let evaluations = totalOf(costs)
  let stored = [...done.values()].reduce((sum, { seeds }) => sum + seeds.length, 0)
  const report = () => {
    onProgress({ done: evaluations, total, unit: 'evaluations', stored })
  }
  report()
  const model = counted(await openModel(), more => {
    evaluations += more
    report()
  })
  const { compute, encode } = work(model)

  let writing: Promise<void> = Promise.resolve()
  try {
    for (const shard of shardsOf(stage.seeds).filter(({ position }) => !done.has(position))) {
      const result = await compute(shard)
      await writing
      writing = nextTurn().then(() => {
        const spent = { nfe: result.nfe, evaluations: result.evaluations }
        store.putShard(claim, { position: shard.position, seeds: shard.seeds, ...spent, files: encode(result, shard) })
        costs.push(spent)
        stored += shard.seeds.length
        report()
      })
      writing.catch(() => undefined)
    }
  } finally {
    await writing
  }
  return { nfe: costs.at(0)?.nfe, evaluations: totalOf(costs) }
}

function totalOf(costs: readonly StageCost[]): number {
  return costs.reduce((sum, { evaluations }) => sum + evaluations, 0)
}

/** The same model, telling of each batch that it has answered. */
function counted(model: Model, onEvaluations: (evaluations: number) => void): Model {
  return {
    ...model,
    async denoise(x, sigma, condition) {
      const denoised = await model.denoise(x, sigma, condition)
      onEvaluations(sigma.length * model.nfeFactor)
      return denoised
    }
  }
}

/** Lets the next computation be handed to the model first. */
function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

function shardsOf(seeds: readonly number[]): Shard[] {
  return Array.from({ length: Math.ceil(seeds.length / SEEDS_A_SHARD) }, (_, position) => ({
    position,
    seeds: seeds.slice(position * SEEDS_A_SHARD, (position + 1) * SEEDS_A_SHARD)
  }))
}
