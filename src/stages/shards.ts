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

/**
 * Computes the shards of a stage that are not in the store yet, each committed whole. While one is computed, the one
 * before it is encoded and written, since the model runs in a thread of its own.
 */
export async function runShards<T extends StageCost>(
  context: StageContext,
  seeds: readonly number[],
  compute: (shard: Shard) => Promise<T>,
  encode: (result: T, shard: Shard) => readonly ShardFile[]
): Promise<StageCost> {
  const { store, key, claim, onProgress } = context
  const done = new Map(store.shards(key).map(shard => [shard.position, shard]))
  const shards = shardsOf(seeds)
  const costs: StageCost[] = [...done.values()]
  let finished = shards.reduce((sum, shard) => sum + (done.has(shard.position) ? shard.seeds.length : 0), 0)
  const report = () => {
    onProgress({ done: finished, total: seeds.length, unit: 'seeds' })
  }
  report()

  let writing: Promise<void> = Promise.resolve()
  try {
    for (const shard of shards.filter(({ position }) => !done.has(position))) {
      const result = await compute(shard)
      await writing
      writing = nextTurn().then(() => {
        const cost = { nfe: result.nfe, evaluations: result.evaluations }
        store.putShard(claim, { position: shard.position, seeds: shard.seeds, ...cost, files: encode(result, shard) })
        costs.push(cost)
        finished += shard.seeds.length
        report()
      })
      writing.catch(() => undefined)
    }
  } finally {
    await writing
  }
  return { nfe: costs.at(0)?.nfe, evaluations: costs.reduce((sum, cost) => sum + cost.evaluations, 0) }
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
