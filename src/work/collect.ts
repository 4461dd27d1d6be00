import { readFileSync, rmSync } from 'node:fs'
import { EpdError } from '../errors.js'
import type { Plan, PlannedStage } from '../pipeline/plan.js'
import type { Elsewhere, Opened } from '../pipeline/prepare.js'
import { STAGE_KINDS } from '../stages/registry.js'
import type { StageContext, StageCost } from '../stages/stage.js'
import type { Executor, Job, Share } from '../executors/executor.js'
import { readAsked, removeAsked, writeAsked } from './jobs.js'
import { inputOf, writeOrder, type OrderSpec } from './order.js'
import {
  readRecord,
  recorded,
  recordsFolder,
  removeRecords,
  setAside,
  type RecordName,
  type WorkRecord
} from './records.js'

/** How stages are given out. */
export interface Distribution {
  /** The executor's name, and what was opened of it. */
  readonly name: string
  readonly executor: Executor
  /** Workers at once, as far as that is known. */
  readonly jobs?: number
  /** About how many evaluations of the model one worker is to do. */
  readonly evaluations: number
  /** How often a shard is given out again that no worker has finished. */
  readonly retries: number
  /** Milliseconds between two looks at what there is. */
  readonly interval: number
  /** Whether to leave as soon as the workers are asked for, which then go on alone. */
  readonly detach: boolean
  /** Whether the workers of a run that is interrupted are ended. */
  readonly cancels: boolean
  /** Predictors of the store that the spec names, as `export` writes them. */
  readonly predictors: Readonly<Record<string, unknown>>
  readonly spec: OrderSpec
}

/** Has stages computed by workers: what they leave is put into the store as it comes. */
export function elsewhere(how: Distribution): Elsewhere {
  return (planned, context, around) => collected(planned, context, around, how)
}

/** A stage that workers are at. */
interface Collecting {
  readonly planned: PlannedStage
  readonly context: StageContext
  readonly how: Distribution
  readonly folder: string
  readonly order: string
  /** The number of its shards; absent where it is computed whole. */
  readonly count: number | undefined
  readonly evaluations: number
}

async function collected(
  planned: PlannedStage,
  context: StageContext,
  around: Opened & { readonly plan: Plan },
  how: Distribution
): Promise<StageCost> {
  const { stage, key } = planned
  const { root } = context.store
  const kind = STAGE_KINDS.of(stage)
  const find = (name: string) => around.experiment.stages.find(each => each.name === name)
  const inputs = new Set(kind.inputs(stage).flatMap(name => [context.inputKey(name), context.imagesKey(name)]))
  const order = await writeOrder(root, {
    ...{ key, stage: stage.name, spec: how.spec, predictors: how.predictors },
    inputs: [...inputs].map(input => inputOf(context.store, input))
  })
  const { evaluations } = kind.cost(stage, { find, solvers: context.solvers })
  const folder = recordsFolder(root, key)
  const count = kind.shards?.(stage, find)
  const whole = await finished({ planned, context, how, folder, order, count, evaluations })
  // Where all shards are in the store there is nothing left to compute, and the kind says what they have cost.
  const cost = whole ?? (await kind.run(stage, context))
  removeRecords(folder)
  removeAsked(root, key)
  rmSync(order, { force: true })
  return cost
}

/** Gives out what is missing until nothing is. Returns what a stage has cost that was computed whole. */
async function finished(work: Collecting): Promise<StageCost | undefined> {
  const { context, how, planned } = work
  const { root } = context.store
  const { executor, interval } = how
  let { jobs, tries } = await readAsked(root, planned.key, how.name)
  let gone = new Set<string>()
  try {
    for (;;) {
      context.signal.throwIfAborted()
      const standings = await executor.standings(jobs)
      const cost = await takenIn(work)
      const missing = missingOf(work)
      if (cost !== undefined || missing.length === 0) return cost
      // A job is looked at twice, since what it left may be seen later than that it is gone.
      const isGone = ({ id }: Job) => (standings.get(id) ?? 'gone') === 'gone'
      const lost = jobs.filter(job => isGone(job) && gone.has(job.id))
      gone = new Set(jobs.filter(isGone).map(({ id }) => id))
      const alive = jobs.filter(job => !lost.includes(job))
      const shares = sharesOf(uncovered(missing, alive), work)
      if (shares.length > 0) {
        for (const { first } of shares)
          expectTries(
            tries[first] ?? 0,
            lost.find(job => covers(job, first)),
            work
          )
        jobs = [...alive, ...(await executor.submit(work.order, shares))]
        tries = counted(tries, shares)
        await writeAsked(root, planned.key, { executor: how.name, jobs, tries })
      }
      if (how.detach)
        throw new EpdError('interrupted', `${jobs.length} workers go on with stage "${planned.stage.name}"`)
      await executor.pause(interval, context.signal)
    }
  } catch (error) {
    if (how.cancels && !how.detach) await executor.cancel(jobs)
    throw error
  }
}

/** Puts into the store what workers have left since. Returns the cost of a stage that was computed whole. */
async function takenIn(work: Collecting): Promise<StageCost | undefined> {
  const { context, folder, count, evaluations, planned } = work
  const { store, onProgress } = context
  if (count === undefined) {
    const [record] = await taken(work, ['stage'])
    const begun = await readRecord(folder, 'begun')
    const done = typeof begun === 'object' ? (begun.contents.iterations ?? []).length : 0
    onProgress({ done, total: Math.max(done, 1), unit: 'iterations' })
    return record?.cost
  }
  const done = new Set(store.shards(planned.key).map(({ position }) => position))
  const fresh = recorded(folder).filter(position => !done.has(position) && position < count)
  for (let i = 0; i < fresh.length; i += AT_ONCE) await taken(work, fresh.slice(i, i + AT_ONCE))
  const shards = store.shards(planned.key)
  const spent = shards.reduce((sum, shard) => sum + shard.evaluations, 0)
  const stored = shards.reduce((sum, { seeds }) => sum + seeds.length, 0)
  onProgress({ done: spent, total: Math.max(evaluations, spent), unit: 'evaluations', stored })
  return undefined
}

/** Records that are read before they are committed together. */
const AT_ONCE = 256

/**
 * Takes records into the store. One whose rows or files are not what was written is moved aside, so that its shard
 * is given out again.
 */
async function taken({ context, folder, planned }: Collecting, names: readonly RecordName[]): Promise<WorkRecord[]> {
  const { store, claim, onNote } = context
  const read = await Promise.all(names.map(async name => ({ name, record: await readRecord(folder, name) })))
  const refused: RecordName[] = []
  const accepted = store.transaction(() =>
    read.flatMap(({ name, record }) => {
      if (record === 'missing') return []
      if (record !== 'damaged' && record.key === planned.key && isAdopted(() => store.adopt(claim, record.contents)))
        return [record]
      refused.push(name)
      return []
    })
  )
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

/** The positions that nothing was left of yet; a stage that is computed whole has the one position 0. */
function missingOf({ context, planned, count }: Collecting): number[] {
  if (count === undefined) return [0]
  const done = new Set(context.store.shards(planned.key).map(({ position }) => position))
  return Array.from({ length: count }, (_, i) => i).filter(position => !done.has(position))
}

function covers({ first, last }: Share, position: number): boolean {
  return position >= first && position <= last
}

function uncovered(positions: readonly number[], jobs: readonly Job[]): number[] {
  return positions.filter(position => !jobs.some(job => covers(job, position)))
}

/** Positions as shares of about as many evaluations as one worker is to do, but enough of them for all workers. */
function sharesOf(positions: readonly number[], { how, count = 1, evaluations }: Collecting): Share[] {
  const wanted = Math.floor((how.evaluations * count) / Math.max(evaluations, 1))
  const fair = Math.ceil(positions.length / (how.jobs ?? 1))
  const most = Math.max(1, Math.min(wanted, fair))
  const shares: Share[] = []
  for (const position of positions) {
    const before = shares.at(-1)
    const isNext = before && before.last === position - 1 && position - before.first < most
    if (isNext) shares[shares.length - 1] = { first: before.first, last: position }
    else shares.push({ first: position, last: position })
  }
  return shares
}

function counted(tries: Readonly<Record<string, number>>, shares: readonly Share[]): Record<string, number> {
  const found = { ...tries }
  for (const { first, last } of shares)
    for (let position = first; position <= last; position++) found[position] = (found[position] ?? 0) + 1
  return found
}

/** @throws EpdError `worker-failed` where a shard was given out as often as is allowed, with what its last worker said */
function expectTries(tries: number, lost: Job | undefined, { how, planned }: Collecting): void {
  if (tries <= how.retries) return
  const log = lost && how.executor.log(lost)
  const said = log === undefined ? undefined : tailOf(log)
  const where = log === undefined ? '' : `; its log is ${log}`
  throw new EpdError(
    'worker-failed',
    `stage "${planned.stage.name}": ${tries} workers ended without what they were asked for${where}${said === undefined ? '' : ', which ends with: '}`,
    { quoted: said }
  )
}

/** Bytes of a log that are shown. */
const TAIL = 2000

function tailOf(log: string): string | undefined {
  try {
    return readFileSync(log, 'utf8').slice(-TAIL).trim() || undefined
  } catch {
    return undefined
  }
}
