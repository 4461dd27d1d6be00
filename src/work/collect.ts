import { readFileSync, rmSync } from 'node:fs'
import { EpdError } from '../errors.js'
import type { PlannedStage } from '../pipeline/plan.js'
import type { Elsewhere } from '../pipeline/prepare.js'
import { STAGE_KINDS } from '../stages/registry.js'
import type { StageContext, StageCost } from '../stages/stage.js'
import type { IterationRow } from '../store/store.js'
import type { Executor, Job, Share, Standing } from '../executors/executor.js'
import { readJobs, removeJobs, writeJobs } from './jobs.js'
import type { ReadLeft } from './left-threads.js'
import { ledger, type Ledger } from './ledger.js'
import type { NeededFile } from './needed-files.js'
import { inputOf, writeOrder, type OrderSpec } from './order.js'
import { lookAfresh, recordsFolder, removeRecords } from './records.js'
import { covers, sharesOf, uncovered, type Sharing } from './shares.js'

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
  /** Seconds after which a worker that runs and has left nothing new is ended. */
  readonly deadline?: number
  /** Whether to leave as soon as the workers are asked for, which then go on alone. */
  readonly detach: boolean
  /** Whether workers are ended where their run has come to an end without them. */
  readonly cancels: () => boolean
  /** Predictors of the store that the spec names, as `export` writes them. */
  readonly predictors: Readonly<Record<string, unknown>>
  readonly spec: OrderSpec
  /** Reads what workers have left. */
  readonly readLeft: ReadLeft
  /** The larger files that the spec names. */
  readonly files: () => Promise<readonly NeededFile[]>
}

/** The subject of what ends a stage whose workers go on alone. */
const LEFT = 'left'

/** Whether a stage was left to its workers. */
export function isLeft(error: unknown): error is EpdError {
  return error instanceof EpdError && error.code === 'interrupted' && error.subject === LEFT
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
  /** Its place in the run. */
  readonly place: number
  /** The number of its shards; absent where it is computed whole. */
  readonly total?: number
  readonly sharing: Sharing
  readonly ledger: Ledger
}

async function collected(
  planned: PlannedStage,
  context: StageContext,
  around: Parameters<Elsewhere>[2],
  how: Distribution
): Promise<StageCost> {
  const { stage, key } = planned
  const { root } = context.store
  const kind = STAGE_KINDS.of(stage)
  const find = (name: string) => around.experiment.stages.find(each => each.name === name)
  const inputs = new Set(kind.inputs(stage).flatMap(name => [context.inputKey(name), context.imagesKey(name)]))
  const order = await writeOrder(root, {
    ...{ key, stage: stage.name, spec: how.spec, predictors: how.predictors },
    inputs: [...inputs].map(input => inputOf(context.store, input)),
    files: await how.files()
  })
  const cost = kind.cost(stage, { find, solvers: context.solvers })
  const iterationWords = (row: IterationRow) => kind.iterationWords?.(stage, row)
  const folder = recordsFolder(root, key)
  const count = kind.shards?.(stage, find)
  const whole = await finished({
    ...{ planned, context, how, folder, order, total: count },
    place: around.plan.stages.findIndex(other => other.stage.name === stage.name),
    sharing: { count: count ?? 1, evaluations: cost.evaluations, wanted: how.evaluations, jobs: how.jobs ?? 1 },
    ledger: ledger({ planned, context, readLeft: how.readLeft, folder, count, cost, iterationWords })
  })
  // Where all shards are in the store there is nothing left to compute, and the kind says what they have cost.
  const spent = whole ?? (await kind.run(stage, context))
  removeRecords(folder)
  removeJobs(root, key)
  rmSync(order, { force: true })
  return spent
}

/** Workers that were asked for, and what is remembered of them from one look to the next. */
interface Asked {
  readonly jobs: readonly Job[]
  /** Those of them that an earlier sitting of the run has asked for. */
  readonly earlier: ReadonlySet<string>
  /** How often each shard was given out, by its position, to workers that were lost without leaving anything. */
  readonly tries: Map<number, number>
  /** How many jobs were lost, and which one last. */
  readonly lost: number
  readonly lastLost?: Job
  /** Jobs that were gone at the last look. */
  readonly gone: ReadonlySet<string>
  /** How much of its share a running job had left when that changed last, and when that was. */
  readonly progress: Map<string, { readonly left: number; readonly at: number }>
}

/** Gives out what is missing until nothing is. Returns what a stage has cost that was computed whole. */
async function finished(work: Collecting): Promise<StageCost | undefined> {
  const { context, how, planned, folder } = work
  const { signal, store } = context
  const jobs = await readJobs(store.root, planned.key, how.name)
  // Workers that an earlier sitting has lost count for it alone, so that whoever runs again has all tries.
  const earlier = new Set(jobs.map(({ id }) => id))
  let asked: Asked = { jobs, earlier, lost: 0, tries: new Map(), gone: new Set(), progress: new Map() }
  try {
    for (;;) {
      signal.throwIfAborted()
      const standings = await how.executor.standings(asked.jobs)
      // What a job has left may be seen later than that it is gone, on a file system that remembers what it saw.
      if (asked.jobs.some(job => isGone(job, standings))) lookAfresh(folder)
      await work.ledger.take()
      if (work.ledger.missing().length === 0) {
        // What still waits would find that nothing is left for it.
        const waiting = asked.jobs.filter(({ id }) => standings.get(id) === 'waiting')
        if (waiting.length > 0) await how.executor.cancel(waiting)
        return work.ledger.cost()
      }
      await endOverdue(asked, standings, work)
      asked = await givenOut(asked, standings, work)
      if (how.detach)
        throw new EpdError('interrupted', `workers go on with stage "${planned.stage.name}"`, { subject: LEFT })
      await how.executor.pause(how.interval, signal)
    }
  } catch (error) {
    if (!how.detach && how.cancels()) await withdraw(asked, work)
    throw error
  }
}

/** Ends the workers that were asked for, and notes that: they are not lost. What ended the stage is what is told of. */
async function withdraw({ jobs, lost, lastLost }: Asked, work: Collecting): Promise<void> {
  await work.how.executor.cancel(jobs)
  await noteJobs(work, { jobs: [], lost, lastLost }).catch(() => undefined)
}

function isGone({ id }: Job, standings: ReadonlyMap<string, Standing>): boolean {
  return (standings.get(id) ?? 'gone') === 'gone'
}

/** Asks for workers for what is missing and nobody is at. A job is lost once it is gone at two looks. */
async function givenOut(asked: Asked, standings: ReadonlyMap<string, Standing>, work: Collecting): Promise<Asked> {
  const { how, ledger: found, sharing, order } = work
  const missing = found.missing()
  const ended = asked.jobs.filter(job => isGone(job, standings) && asked.gone.has(job.id))
  const lost = ended.filter(job => found.missingIn(job).length > 0)
  const over = new Set(ended)
  const alive = asked.jobs.filter(job => !over.has(job))
  const gone = new Set(alive.filter(job => isGone(job, standings)).map(({ id }) => id))
  const own = lost.filter(({ id }) => !asked.earlier.has(id))
  for (const job of own) if (found.progressOf(job) === 0) countTry(asked.tries, found.missingIn(job))
  const shares = sharesOf(uncovered(missing, alive), sharing)
  const lastLost = lost.at(-1) ?? asked.lastLost
  const losses = { lost: asked.lost + lost.length, lastLost }
  if (shares.length === 0 && lost.length === 0) return { ...asked, jobs: alive, gone }
  for (const share of shares) expectTries(asked.tries, share, lost, work)
  const named = how.executor.name(shares)
  const jobs = [...alive, ...named]
  // They are noted before anything is started, so that no worker is at work that nobody knows of.
  await noteJobs(work, { jobs, ...losses })
  if (named.length > 0) await how.executor.submit(order, named, work.place)
  return { ...asked, ...losses, jobs, gone }
}

async function noteJobs(
  { context, planned, how, total }: Collecting,
  noted: Pick<Asked, 'jobs' | 'lost' | 'lastLost'>
): Promise<void> {
  const about = { executor: how.name, stage: planned.stage.name, total }
  await writeJobs(context.store.root, planned.key, { ...about, ...noted })
}

/** Ends workers that run and have left nothing for longer than is allowed. */
async function endOverdue(
  { jobs, progress }: Asked,
  standings: ReadonlyMap<string, Standing>,
  { how, ledger: found }: Collecting
): Promise<void> {
  const { deadline } = how
  if (deadline === undefined) return
  const now = performance.now()
  const overdue = jobs.filter(job => {
    if (standings.get(job.id) !== 'running') return false
    const left = found.progressOf(job)
    const before = progress.get(job.id)
    if (before?.left !== left) progress.set(job.id, { left, at: now })
    return before?.left === left && now - before.at > deadline * 1000
  })
  if (overdue.length > 0) await how.executor.cancel(overdue)
}

function countTry(tries: Map<number, number>, missing: readonly number[]): void {
  for (const position of missing) tries.set(position, (tries.get(position) ?? 0) + 1)
}

/**
 * @throws EpdError `worker-failed` where a shard was given out as often as is allowed, with what its last worker said
 */
function expectTries(
  tries: ReadonlyMap<number, number>,
  { first }: Share,
  lost: readonly Job[],
  { how, planned }: Collecting
): void {
  const count = tries.get(first) ?? 0
  if (count <= how.retries) return
  const last = lost.find(job => covers(job, first))
  const log = last && how.executor.log(last)
  const said = log === undefined ? undefined : tailOf(log)
  const where = log === undefined ? '' : `; its log is ${log}`
  const quotation = said === undefined ? '' : `, which ends with:\n${said}\n`
  throw new EpdError(
    'worker-failed',
    `stage "${planned.stage.name}": ${count} workers ended without what they were asked for${where}${quotation}`,
    { quoted: said }
  )
}

/** Characters of a log that are shown. */
const TAIL = 2000

/** The end of a log; undefined where there is none, or nothing in it. */
export function tailOf(log: string): string | undefined {
  try {
    return readFileSync(log, 'utf8').slice(-TAIL).trim() || undefined
  } catch {
    return undefined
  }
}
