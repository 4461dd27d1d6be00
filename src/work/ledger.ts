import type { PlannedStage } from '../pipeline/plan.js'
import type { Cost, Progress, StageContext, StageCost } from '../stages/stage.js'
import { iterationsIn, type IterationRow } from '../store/store.js'
import type { Share } from '../executors/executor.js'
import type { Left } from './left.js'
import type { ReadLeft } from './left-threads.js'
import { readRecord, recorded, setAside, type RecordName } from './records.js'

/** What there is of a stage that workers are at. */
export interface Ledger {
  /** Puts into the store what workers have left since, and tells how far the stage is. */
  take(): Promise<void>
  /** What the stage has cost, once it is there as a whole. */
  readonly cost: () => StageCost | undefined
  /** The positions that nothing was left of yet; a stage that is computed whole has the one position 0. */
  readonly missing: () => number[]
  /** Those of them that are in a share. */
  readonly missingIn: (share: Share) => number[]
  /** How much there is of a share: its shards, or the iterations of a stage that is computed whole. */
  readonly progressOf: (share: Share) => number
}

export interface LedgerOptions {
  readonly planned: PlannedStage
  readonly context: Pick<StageContext, 'store' | 'claim' | 'signal' | 'onProgress' | 'onNote'>
  /** Reads what workers have left. */
  readonly readLeft: ReadLeft
  /** The folder of records. */
  readonly folder: string
  /** The number of its shards; absent where it is computed whole. */
  readonly count: number | undefined
  /** The evaluations of the model that the stage takes. */
  readonly cost: Cost
  /** An iteration of the stage in a line. */
  readonly iterationWords?: (row: IterationRow) => string | undefined
}

/** Milliseconds after which a stage without news is told of again, as a sign that it is waited for. */
const AGAIN = 10_000

/** Tells how far a stage is whenever that has changed, and now and then where it has not. */
function telling(onProgress: StageContext['onProgress']): StageContext['onProgress'] {
  let told: { readonly progress: Progress; readonly at: number } | undefined
  return progress => {
    const at = performance.now()
    const isSame = told?.progress.done === progress.done && told.progress.stored === progress.stored
    if (told && isSame && at - told.at < AGAIN) return
    told = { progress, at }
    onProgress(progress)
  }
}

export function ledger(options: LedgerOptions): Ledger {
  return options.count === undefined ? wholeLedger(options) : shardLedger({ ...options, count: options.count })
}

function shardLedger(options: LedgerOptions & { readonly count: number }): Ledger {
  const { planned, context, folder, count, cost } = options
  const shards = context.store.shards(planned.key)
  const done = new Set(shards.map(({ position }) => position))
  let spent = shards.reduce((sum, shard) => sum + shard.evaluations, 0)
  let stored = shards.reduce((sum, { seeds }) => sum + seeds.length, 0)
  const missingIn = ({ first, last }: Share) => positionsOf(first, last).filter(position => !done.has(position))
  const tell = telling(context.onProgress)
  const report = () => {
    tell({ done: spent, total: Math.max(cost.evaluations, spent), unit: 'evaluations', stored })
  }
  return {
    async take() {
      const fresh = recorded(folder).filter(position => position < count && !done.has(position))
      for await (const some of taken(options, fresh)) {
        for (const { name, left } of some) {
          if (typeof name === 'number') done.add(name)
          spent += left.cost?.evaluations ?? 0
          stored += left.seeds ?? 0
        }
        report()
      }
      report()
    },
    cost: () => undefined,
    missing: () => missingIn({ first: 0, last: count - 1 }),
    missingIn,
    progressOf: share => share.last - share.first + 1 - missingIn(share).length
  }
}

function positionsOf(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

function wholeLedger(options: LedgerOptions): Ledger {
  const { context, folder, cost: expected, iterationWords } = options
  const tell = telling(context.onProgress)
  let cost: StageCost | undefined
  let rows: readonly IterationRow[] | undefined
  return {
    async take() {
      for await (const some of taken(options, ['stage'])) for (const { left } of some) cost = left.cost
      const begun = await readRecord(folder, 'begun')
      const found = typeof begun === 'object' ? iterationsIn(begun.contents) : []
      // An earlier sitting has told of its own iterations; its last one says where this one goes on.
      const fresh = rows ? found.slice(rows.length) : found.slice(-1)
      rows = found
      const { evaluations, atMost } = expected
      const done = found.at(-1)?.evaluations ?? 0
      if (evaluations > 0) tell({ done, total: Math.max(evaluations, done), unit: 'evaluations', atMost })
      for (const row of fresh) {
        const { iteration } = row
        const note = iterationWords?.(row) ?? `iteration ${iteration}`
        context.onProgress({ done: iteration, total: iteration, unit: 'iterations', note })
      }
    },
    cost: () => cost,
    missing: () => (cost ? [] : [0]),
    missingIn: () => (cost ? [] : [0]),
    progressOf: () => rows?.length ?? 0
  }
}

interface Taken {
  readonly name: RecordName
  readonly left: Left
}

/**
 * Takes records into the store, with the seconds of computing, many in a transaction. One whose rows or files are not
 * what was written is moved aside, so that its shard is given out again. Each file is read once, when its record is:
 * whether it has its digest.
 */
async function* taken(
  { context, folder, planned, readLeft }: LedgerOptions,
  names: readonly RecordName[]
): AsyncGenerator<readonly Taken[], void> {
  const { store, claim, signal, onNote } = context
  // A part is read while the one before is entered, so that it is no older than the last but one.
  let versions = [store.version(), store.version()]
  for await (const found of readLeft({ root: store.root, file: store.root, folder, key: planned.key }, names)) {
    signal.throwIfAborted()
    const whole = found.flatMap(({ name, left }) => (typeof left === 'string' ? [] : [{ name, left }]))
    const lefts = whole.map(({ left }) => left)
    const isEntered = lefts.length === 0 ? [] : store.adoptChecked(claim, lefts, versions[0])
    versions = [versions[1], store.version()]
    for (const { name, left } of found) {
      if (left !== 'damaged') continue
      await setAside(folder, name)
      onNote?.(`what a worker left of ${planned.stage.name} (${name}) is not what was written; it is computed again`)
    }
    // One whose file was deleted since it was read is found damaged when it is read again.
    yield whole.filter((_, i) => isEntered[i])
  }
}
