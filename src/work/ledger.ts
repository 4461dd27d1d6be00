import { EpdError } from '../errors.js'
import type { PlannedStage } from '../pipeline/plan.js'
import type { StageContext, StageCost } from '../stages/stage.js'
import type { Share } from '../executors/executor.js'
import { readRecord, recorded, setAside, type RecordName, type WorkRecord } from './records.js'
import { covers } from './shares.js'

/** What there is of a stage that workers are at. */
export interface Ledger {
  /** Puts into the store what workers have left since, and tells how far the stage is. */
  take(): Promise<void>
  /** What the stage has cost, once it is there as a whole. */
  readonly cost: () => StageCost | undefined
  /** The positions that nothing was left of yet; a stage that is computed whole has the one position 0. */
  readonly missing: () => number[]
  /** How much there is of a share: its shards, or the iterations of a stage that is computed whole. */
  readonly progressOf: (share: Share) => number
}

export interface LedgerOptions {
  readonly planned: PlannedStage
  readonly context: Pick<StageContext, 'store' | 'claim' | 'onProgress' | 'onNote'>
  /** The folder of records. */
  readonly folder: string
  /** The number of its shards; absent where it is computed whole. */
  readonly count: number | undefined
  /** The evaluations of the model that the stage takes. */
  readonly evaluations: number
}

/** Records that are read before they are committed together. */
const AT_ONCE = 256

export function ledger(options: LedgerOptions): Ledger {
  return options.count === undefined ? wholeLedger(options) : shardLedger({ ...options, count: options.count })
}

function shardLedger(options: LedgerOptions & { readonly count: number }): Ledger {
  const { planned, context, folder, count, evaluations } = options
  const shards = context.store.shards(planned.key)
  const done = new Set(shards.map(({ position }) => position))
  let spent = shards.reduce((sum, shard) => sum + shard.evaluations, 0)
  let stored = shards.reduce((sum, { seeds }) => sum + seeds.length, 0)
  return {
    async take() {
      const fresh = recorded(folder).filter(position => position < count && !done.has(position))
      for (let i = 0; i < fresh.length; i += AT_ONCE)
        for (const { name, record } of await taken(options, fresh.slice(i, i + AT_ONCE))) {
          if (typeof name === 'number') done.add(name)
          spent += record.cost?.evaluations ?? 0
          stored += record.seeds ?? 0
        }
      context.onProgress({ done: spent, total: Math.max(evaluations, spent), unit: 'evaluations', stored })
    },
    cost: () => undefined,
    missing: () => Array.from({ length: count }, (_, i) => i).filter(position => !done.has(position)),
    progressOf: share => [...done].filter(position => covers(share, position)).length
  }
}

function wholeLedger(options: LedgerOptions): Ledger {
  const { context, folder } = options
  let cost: StageCost | undefined
  let iterations = 0
  return {
    async take() {
      const found = await taken(options, ['stage'])
      cost = found.at(0)?.record.cost
      const begun = await readRecord(folder, 'begun')
      const rows = typeof begun === 'object' ? begun.contents.iterations : undefined
      if (rows === undefined || rows.length === iterations) return
      iterations = rows.length
      context.onProgress({ done: iterations, total: iterations, unit: 'iterations', note: `${iterations} iterations` })
    },
    cost: () => cost,
    missing: () => (cost ? [] : [0]),
    progressOf: () => iterations
  }
}

interface Taken {
  readonly name: RecordName
  readonly record: WorkRecord
}

/**
 * Takes records into the store. One whose rows or files are not what was written is moved aside, so that its shard
 * is given out again.
 */
async function taken({ context, folder, planned }: LedgerOptions, names: readonly RecordName[]): Promise<Taken[]> {
  const { store, claim, onNote } = context
  const read = await Promise.all(names.map(async name => ({ name, record: await readRecord(folder, name) })))
  const accepted: Taken[] = []
  const refused: RecordName[] = []
  const takeOne = (name: RecordName, record: (typeof read)[number]['record']) => {
    if (record === 'missing') return
    const isFit = record !== 'damaged' && record.key === planned.key && record.cost !== undefined
    if (
      isFit &&
      isAdopted(() => {
        store.adopt(claim, record.contents)
      })
    )
      accepted.push({ name, record })
    else refused.push(name)
  }
  store.transaction(() => {
    for (const { name, record } of read) takeOne(name, record)
  })
  for (const name of refused) {
    await setAside(folder, name)
    onNote?.(`what a worker left of ${planned.stage.name} (${name}) is not what was written; it is computed again`)
  }
  return accepted
}

function isAdopted(adopt: () => void): boolean {
  try {
    adopt()
    return true
  } catch (error) {
    if (error instanceof EpdError && error.code === 'store-corrupt') return false
    throw error
  }
}
