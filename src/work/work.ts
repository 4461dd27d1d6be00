import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { EpdError } from '../errors.js'
import { readExperiment } from '../experiment/load.js'
import { cacheFolder, obtainCopies } from '../pipeline/assets.js'
import { costsOf } from '../pipeline/costs.js'
import type { OnEvent } from '../pipeline/event.js'
import { prepared } from '../pipeline/prepare.js'
import { stageContext } from '../pipeline/stage-context.js'
import { parseRecord } from '../predictors/record.js'
import { publishedPredictors } from '../predictors/published.js'
import { STAGE_KINDS } from '../stages/registry.js'
import type { StageCost } from '../stages/stage.js'
import { guarded, guardedAsync } from '../store/failures.js'
import { createStore, type Claim, type WritableStore } from '../store/store.js'
import { readOrder, storeOf, type OrderInput, type WorkOrder } from './order.js'
import { readRecord, recorded, recordsFolder, writeRecord, type RecordName } from './records.js'
import type { Share } from '../executors/executor.js'
import { makeFolder } from '../files/place.js'
import { openScratch } from './scratch.js'

export interface WorkOptions {
  /**
   * Folder on this machine's own disk, where its workers share copies of what they read; default: nothing is copied,
   * and what this worker alone needs stands in the system's folder for temporary files.
   */
  readonly scratch?: string
  /** Threads of an engine on the CPU; default: all cores. No result depends on it. */
  readonly threads?: number
  readonly signal: AbortSignal
  /** Told of each record that was left. */
  readonly onKept: (name: RecordName, seconds: number) => void
  readonly onEvent: OnEvent
}

/**
 * Computes some shards of a work order, or a stage as a whole, and leaves a record of each. It never opens the store's
 * database. Shards that there are records of are left alone, and each is kept as soon as it is done.
 * @throws EpdError `order-invalid` where the order asks for another result than is computed here, and whatever the
 * stage fails with
 */
export async function work(file: string, share: Share, options: WorkOptions): Promise<void> {
  const order = await readOrder(file)
  const root = storeOf(file)
  const own = ownFolder(options.scratch)
  try {
    const store = guarded(own, () => scratchStore(root, own))
    try {
      await compute(order, share, { root, own, store }, options)
    } finally {
      store.close()
    }
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}

/** A folder of this worker's own. @throws EpdError `store-unwritable` */
function ownFolder(scratch = tmpdir()): string {
  return guarded(scratch, () => {
    makeFolder(scratch)
    return mkdtempSync(join(scratch, 'epd-run-'))
  })
}

/** A store of this worker's own, whose files and compiled graphs are those of the store that the order is for. */
function scratchStore(root: string, scratch: string): WritableStore {
  for (const name of ['objects', 'cache']) {
    mkdirSync(join(root, name), { recursive: true })
    symlinkSync(join(root, name), join(scratch, name), 'dir')
  }
  return createStore(scratch)
}

async function compute(
  order: WorkOrder,
  share: Share,
  { root, own, store }: { readonly root: string; readonly own: string; readonly store: WritableStore },
  { scratch: folder, signal, onEvent, onKept, threads }: WorkOptions
): Promise<void> {
  const { file, text, overrides, allowMismatch } = order.spec
  const predictors = {
    names: () => [...Object.keys(order.predictors), ...publishedPredictors().keys()],
    get: (name: string) =>
      Object.hasOwn(order.predictors, name)
        ? parseRecord(order.predictors[name], name)
        : publishedPredictors().get(name)
  }
  const experiment = await readExperiment({ file, text, set: overrides, allowMismatch, predictors })
  const onNote = (message: string) => {
    onEvent({ type: 'warning', message })
  }
  const cache = cacheFolder(root)
  const scratch = folder === undefined ? undefined : openScratch({ folder, own, cache, signal, onNote })
  const options = { experiment, store, signal, onEvent, cacheDir: scratch?.cache ?? cache, threads }
  const copies = await obtainCopies(options)
  const all = await prepared(options, (await scratch?.localCopies(copies, order.files)) ?? copies)
  try {
    const planned = all.plan.stages.find(({ stage }) => stage.name === order.stage)
    if (planned?.key !== order.key) throw another(order, all.model.engine)
    const kind = STAGE_KINDS.of(planned.stage)
    for (const input of order.inputs) adoptInput(store, input)
    const claim = begin(store, order.key, { kind: kind.kind, params: {}, provenance: {} })
    const folder = recordsFolder(root, order.key)
    const isWhole =
      kind.shards?.(planned.stage, name => all.experiment.stages.find(each => each.name === name)) === undefined
    const before = isWhole ? await adoptBegun(store, claim, folder) : 0
    const kept = new Set(isWhole ? [] : recorded(folder))
    const keeping = keepingRecords(store, folder, { key: order.key, isWhole, before, onKept })
    const costs = costsOf(all.experiment, STAGE_KINDS, all.model.nfeFactor)
    const run = kind.run(planned.stage, {
      ...stageContext(planned, claim, { ...options, store: keeping.store, ...all, costs }),
      cacheDir: options.cacheDir,
      isWanted: position => position >= share.first && position <= share.last && !kept.has(position)
    })
    // What is done is kept, whatever ends the rest.
    const cost = await run.finally(keeping.done)
    if (isWhole) await keeping.keep('stage', cost)
  } finally {
    await all.model.close()
  }
}

function another({ stage }: WorkOrder, engine: string): EpdError {
  return new EpdError(
    'order-invalid',
    `stage "${stage}": this machine would compute another result (its engine is ${engine}, and its files, model or versions may differ); name the model's engine in the spec, and have the same files on every machine`
  )
}

/** Enters a stage as begun, unless it is, and holds it. */
function begin(
  store: WritableStore,
  key: string,
  about: { kind: string; params: unknown; provenance: unknown }
): Claim {
  const claim = store.claim(key)
  if (!claim) throw new RangeError('a store of its own has no other process at work in it')
  store.beginStage(claim, about)
  return claim
}

function adoptInput(store: WritableStore, { key, contents, nfe, evaluations, ...about }: OrderInput): void {
  const claim = begin(store, key, about)
  store.adopt(claim, contents)
  store.finishStage(claim, { nfe: nfe ?? undefined, evaluations: evaluations ?? 0, seconds: 0 })
  claim.release()
}

/**
 * Takes over how far other workers have come with the stage, if some have. Returns the seconds that they have computed.
 */
async function adoptBegun(store: WritableStore, claim: Claim, folder: string): Promise<number> {
  const begun = await readRecord(folder, 'begun')
  if (typeof begun !== 'object' || begun.key !== claim.name) return 0
  store.adopt(claim, begun.contents)
  return begun.seconds
}

interface Keeping extends Pick<WorkOptions, 'onKept'> {
  readonly key: string
  readonly isWhole: boolean
  /** Seconds that other workers have computed what is gone on with. */
  readonly before: number
}

/** A store of which each shard, or how far the stage has come, is also kept as a record. */
function keepingRecords(store: WritableStore, folder: string, { key, isWhole, before, onKept }: Keeping) {
  const began = performance.now()
  let [last, writes] = [began, Promise.resolve()]
  const keep = async (name: RecordName, cost?: StageCost, seeds?: number) => {
    const now = performance.now()
    const seconds = before + (now - (isWhole ? began : last)) / 1000
    last = now
    const contents = store.contents(key, typeof name === 'number' ? name : undefined)
    const record = { key, contents, cost, seeds, seconds, host: hostname() }
    await guardedAsync(folder, () => writeRecord(folder, name, record))
    onKept(name, seconds)
  }
  /** Records are written one after the other; what fails is told of by done(). */
  const later = (name: RecordName, cost?: StageCost, seeds?: number) => {
    writes = writes.then(() => keep(name, cost, seeds))
    writes.catch(() => undefined)
  }
  return {
    keep,
    done: () => writes,
    store: {
      ...store,
      putShard(claim, shard) {
        store.putShard(claim, shard)
        later(shard.position, { evaluations: shard.evaluations }, shard.seeds.length)
      },
      putIteration(claim, row, state) {
        store.putIteration(claim, row, state)
        later('begun')
      }
    } satisfies WritableStore
  }
}
