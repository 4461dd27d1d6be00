import { setTimeout as sleep } from 'node:timers/promises'
import { EpdError, messageOf } from '../errors.js'
import type { Model } from '../models/model.js'
import { STAGE_KINDS, type StageKinds } from '../stages/registry.js'
import type { Cost, Identity } from '../stages/kind.js'
import type { CheckContext, StageCost } from '../stages/stage.js'
import { guarded, guardedAsync } from '../store/failures.js'
import { DamagedObject, type Claim } from '../store/store.js'
import { closing } from './model.js'
import {
  assetOf,
  cacheFolder,
  checkAssets,
  describeCopies,
  obtainCopies,
  type Assets,
  type Copies,
  type Described
} from './assets.js'
import { costsOf, NO_COST } from './costs.js'
import type { OnEvent } from './event.js'
import { givenTo, type GivenFile } from './given-files.js'
import { followRun, type ExpectedStage, type LiveRun } from './live.js'
import { writeLive } from './live-record.js'
import type { Plan, PlannedStage } from './plan.js'
import { prepared, type ExecuteOptions, type Opened } from './prepare.js'
import { provenance } from './provenance.js'
import { compareSamples, publish } from './publish.js'
import { stageContext } from './stage-context.js'

export type { ExecuteOptions }

/** A run that is under way. */
export interface Execution {
  readonly plan: Plan
  /** How the run stands now. */
  readonly live: () => LiveRun
  /** Runs one stage, whose inputs have run; what the store has is not computed again. */
  readonly run: (planned: PlannedStage) => Promise<void>
  /** Ends the run as finished, or as what the error says of it. */
  readonly end: (error?: unknown) => Promise<void>
}

/**
 * Opens the model, names the stages, checks what can be checked before the first evaluation, and enters the run in
 * the store. `runExperiment` does this and all that follows; `begin` is for those who run the stages themselves, one
 * by one, and call `end`.
 * @throws EpdError where the model, a file or a stage is not as it must be; the model is then closed
 */
export async function begin(options: ExecuteOptions): Promise<Execution> {
  const { store, signal, kinds = STAGE_KINDS } = options
  const cacheDir = cacheFolder(store.root)
  const copies = await guardedAsync(store.root, () => obtainCopies(options))
  const all = await guardedAsync(store.root, () => prepared({ ...options, cacheDir }, copies))
  const { experiment, model, assets, prompts, plan: planned } = all
  const complete = await closing(model, () => checkStages(planned, all, options))
  const costs = costsOf(all.experiment, kinds, model.nfeFactor)
  const { take, live } = followRun(expectedStages(planned, kinds, costs, complete))
  const onEvent: OnEvent = event => {
    take(event)
    options.onEvent(event)
  }
  const { name, description, file, text, overrides, allowMismatch } = experiment
  store.beginRun(
    { id: planned.runId, name, description, file, spec: text, overrides, allowMismatch },
    planned.stages.map(({ stage, key }) => ({ name: stage.name, key })),
    () => writeLive(live())
  )
  let files: Promise<Described[]> | undefined
  const work: Work = {
    ...{ ...options, onEvent, kinds, costs, experiment, model, assets, prompts, plan: planned },
    files: async identity => givenTo(identity, options.experiment, await (files ??= described(options, copies)))
  }
  return {
    plan: planned,
    live,
    run: one => healing(one, work),
    async end(error) {
      if (error === undefined) await compareSamples(planned.runId, options)
      await model.close()
      if (error === undefined) store.endRun(planned.runId, 'finished')
      else store.endRun(planned.runId, isInterrupted(error, signal) ? 'interrupted' : 'failed', messageOf(error))
    }
  }
}

/** Whether a run was told to stop, or leaves its workers to themselves. */
function isInterrupted(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted || (error instanceof EpdError && error.code === 'interrupted')
}

function described({ experiment, kinds }: ExecuteOptions, copies: Copies): Promise<Described[]> {
  return describeCopies(experiment, copies, kinds)
}

function expectedStages(
  { stages }: Plan,
  kinds: StageKinds,
  costs: ReadonlyMap<string, Cost>,
  complete: ReadonlySet<string>
): ExpectedStage[] {
  return stages.map(({ stage, key }) => ({
    stage,
    key,
    what: kinds.of(stage).summary(stage),
    cost: costs.get(stage.name) ?? NO_COST,
    complete: complete.has(key)
  }))
}

/** Checks all stages that the store does not have, before the first of them runs. Returns the keys of the others. */
async function checkStages(
  { stages }: Plan,
  { model, assets }: Opened,
  { store, signal, metrics, kinds = STAGE_KINDS }: ExecuteOptions
): Promise<ReadonlySet<string>> {
  const done = new Set<string>()
  const complete = new Set<string>()
  const context: CheckContext = {
    model,
    assetPath: location => assetOf(assets, location).path,
    cacheDir: cacheFolder(store.root),
    metrics,
    signal,
    async once(name, work) {
      if (!done.has(name)) await work()
      done.add(name)
    }
  }
  for (const { stage, key } of stages) {
    signal.throwIfAborted()
    const kind = kinds.of(stage)
    if (store.isComplete(key)) complete.add(key)
    else await guardedAsync(store.root, async () => kind.check?.(stage, context))
  }
  return complete
}

/** What all stages of a run are computed with. */
interface Work extends ExecuteOptions {
  readonly kinds: StageKinds
  readonly model: Model
  readonly assets: Assets
  readonly prompts?: readonly string[]
  readonly plan: Plan
  readonly costs: ReadonlyMap<string, Cost>
  /** What a stage is given of the files that the spec names. */
  readonly files: (identity: Identity) => Promise<GivenFile[]>
  /** Whether it was said already that what the store holds is damaged. */
  readonly told?: boolean
}

const DAMAGED = 'is missing or has changed since it was written'

/**
 * Runs a stage; where a file turns out to be damaged that an earlier stage or this one has left, that stage is computed
 * anew, once.
 */
async function healing(planned: PlannedStage, work: Work): Promise<void> {
  const healed = new Set<string>()
  for (;;)
    try {
      await runOne(planned, work)
      return
    } catch (error) {
      if (!(error instanceof DamagedObject) || healed.has(error.object.digest)) throw error
      healed.add(error.object.digest)
      await heal(error, planned, work)
    }
}

async function runOne(planned: PlannedStage, work: Work): Promise<void> {
  const { stage, key } = planned
  const { store, plan, kinds } = work
  await obtain(planned, work)
  const pictures = kinds.of(stage).pictures?.(stage)
  if (pictures)
    guarded(store.root, () => {
      publish(pictures, key, plan.runId, store)
    })
}

/** Computes the stages of the plan anew, up to this one, that have left a damaged file. */
async function heal(damaged: DamagedObject, planned: PlannedStage, work: Work): Promise<void> {
  const { store, plan, onEvent } = work
  const { object } = damaged
  const before = plan.stages.slice(0, plan.stages.indexOf(planned) + 1)
  const hit = before.filter(({ key }) => store.artifacts(key).some(({ digest }) => digest === object.digest))
  if (hit.length === 0) throw damaged
  const names = hit.map(({ stage }) => stage.name).join(', ')
  onEvent({
    type: 'warning',
    message: `${store.artifactPath(object)} ${DAMAGED}; computed again: ${names}`
  })
  store.dropDamaged(object)
  for (const one of hit) await obtain(one, { ...work, told: true })
}

const RETRY = 500

/** Computes a stage unless the store has it, waiting while another process is at it. */
async function obtain(planned: PlannedStage, work: Work): Promise<void> {
  const { store, signal, onEvent } = work
  const { stage, key } = planned
  let waiting = false
  for (;;) {
    signal.throwIfAborted()
    if (store.isComplete(key)) {
      onEvent({ type: 'cached', stage: stage.name })
      return
    }
    const claim = store.claim(key)
    if (claim) {
      if (await computed(planned, claim, work)) return
      waiting = false
      continue
    }
    if (!waiting) onEvent({ type: 'waiting', stage: stage.name, holder: store.holder(key) })
    waiting = true
    await sleep(RETRY, undefined, { signal })
  }
}

/**
 * Computes a stage that is claimed. Returns whether that is done: another process may have finished it before, or have
 * taken it over while this one was suspended.
 */
async function computed(planned: PlannedStage, claim: Claim, work: Work): Promise<boolean> {
  try {
    if (work.store.isComplete(planned.key)) return false
    await compute(planned, claim, work)
    return true
  } catch (error) {
    if (error instanceof EpdError && error.code === 'claim-lost') return false
    throw error
  } finally {
    claim.release()
  }
}

async function compute({ stage, key }: PlannedStage, claim: Claim, work: Work): Promise<void> {
  const { experiment, store, onEvent, model, assets, kinds } = work
  const kind = kinds.of(stage)
  const damage = store.damageOf(key)
  if (damage !== undefined && !work.told)
    onEvent({ type: 'warning', message: `${damage} ${DAMAGED}; computed again: ${stage.name}` })
  if (damage !== undefined || store.stage(key)?.status === 'finished') store.forgetStage(key)
  const identity = kind.identity(stage, { runner: model.runner })
  const { assets: needed = [], params } = identity
  const inputs = identity.inputs.map(identity.readsImages ? work.plan.imagesKeyOf : work.plan.keyOf)
  await checkAssets(assets, needed)
  const files = await work.files(identity)
  store.beginStage(claim, {
    kind: stage.kind,
    params,
    provenance: { ...provenance(experiment.model, model), files, inputs }
  })
  onEvent({ type: 'started', stage: stage.name })
  const begun = performance.now()
  const elapsed = () => (performance.now() - begun) / 1000
  let outside: Promise<StageCost> | undefined
  // What workers have computed has brought its seconds; in between they may have waited for hours.
  const seconds = () => (outside ? 0 : elapsed())
  try {
    const context = stageContext({ stage, key }, claim, work)
    outside = work.elsewhere?.({ stage, key }, context, work)
    const cost = await (outside ?? kind.run(stage, context))
    await checkAssets(assets, needed)
    store.finishStage(claim, { ...cost, seconds: seconds() })
    onEvent({ type: 'finished', stage: stage.name, seconds: elapsed(), ...cost })
  } catch (error) {
    const isKept = !(error instanceof EpdError && (error.code.startsWith('store-') || error.code === 'claim-lost'))
    if (isKept) store.addSeconds(claim, seconds())
    throw error
  }
}
