import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EpdError } from '../errors.js'
import type { Model } from '../models/open.js'
import type { Experiment } from '../spec/experiment.js'
import { identity } from '../stages/identity.js'
import { runStage } from '../stages/kinds.js'
import { guarded, guardedAsync } from '../store/failures.js'
import type { Claim, WritableStore } from '../store/store.js'
import type { OnEvent } from './event.js'
import { checkFit } from './fit.js'
import { publish } from './images.js'
import { withDecoding } from './decoding.js'
import { openSpecified } from './model.js'
import { withTimePoints } from './time-points.js'
import { promptsOf, readPrompts } from './prompts.js'
import { assetOf, assetPath, cacheFolder, obtainAssets, type Assets } from './assets.js'
import { plan, type Plan, type PlannedStage } from './plan.js'
import { provenance } from './provenance.js'

export interface ExecuteOptions {
  readonly experiment: Experiment
  readonly store: WritableStore
  readonly signal: AbortSignal
  readonly onEvent: OnEvent
}

/** A run that is under way. */
export interface Execution {
  readonly plan: Plan
  /** Runs one stage, whose inputs have run; what the store has is not computed again. */
  readonly run: (planned: PlannedStage) => Promise<void>
  /** Ends the run as finished, or as what the error says of it. */
  readonly end: (error?: unknown) => Promise<void>
}

/** Opens the model, names the stages, and enters the run in the store. */
export async function begin({ experiment: given, store, signal, onEvent }: ExecuteOptions): Promise<Execution> {
  const all = await guardedAsync(store.root, () => opened({ experiment: given, store, signal, onEvent }))
  const { experiment, model, assets, prompts } = all
  for (const message of [...experiment.warnings, ...checkFit(experiment, model)]) onEvent({ type: 'warning', message })
  const planned = plan(all)
  const { name, description, file, text, overrides, allowMismatch } = experiment
  store.beginRun(
    { id: planned.runId, name, description, file, spec: text, overrides, allowMismatch },
    planned.stages.map(({ stage, key }) => ({ name: stage.name, key }))
  )
  return {
    plan: planned,
    async run(one) {
      await obtain(one, { experiment, store, signal, onEvent, model, assets, prompts, plan: planned })
      const { stage, key } = one
      if (stage.kind === 'sample' || stage.kind === 'decode')
        guarded(store.root, () => {
          publish(stage, key, planned.runId, store)
        })
    },
    async end(error) {
      await model.close()
      if (error === undefined) store.endRun(planned.runId, 'finished')
      else store.endRun(planned.runId, signal.aborted ? 'interrupted' : 'failed', messageOf(error))
    }
  }
}

/** An experiment with its model and all else that it reads. */
export interface Opened {
  /** With the stages that its model needs beside those of the spec. */
  readonly experiment: Experiment
  readonly model: Model
  readonly assets: Assets
  readonly prompts?: readonly string[]
}

export async function opened({ experiment, store, signal, onEvent }: ExecuteOptions): Promise<Opened> {
  const assets = await obtainAssets(experiment, store, signal, onEvent)
  const at = (location: string) => assetPath(location, store.root)
  const prompts = await readPrompts(experiment.prompts, at)
  const model = await openSpecified(experiment.model, {
    at,
    cwd: dirname(experiment.file),
    cacheDir: cacheFolder(store.root),
    signal,
    onNote: message => {
      onEvent({ type: 'warning', message })
    }
  })
  try {
    checkPrompts(model, prompts)
    return { experiment: withDecoding(withTimePoints(experiment, model), model), model, assets, prompts }
  } catch (error) {
    await model.close()
    throw error
  }
}

function checkPrompts({ prompted = false }: Model, prompts: readonly string[] | undefined): void {
  if (prompted && !prompts)
    throw new EpdError(
      'spec-invalid',
      'prompts: expected a list of prompts or { csv: ... }, which the model reads; found nothing'
    )
  if (!prompted && prompts)
    throw new EpdError('spec-invalid', 'prompts: expected none, since the model reads no prompts; take them out')
}

/** What all stages of a run are computed with. */
interface Work extends ExecuteOptions {
  readonly model: Model
  readonly assets: Assets
  readonly prompts?: readonly string[]
  readonly plan: Plan
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
      try {
        if (!store.isComplete(key)) {
          await compute(planned, claim, work)
          return
        }
      } finally {
        claim.release()
      }
      continue
    }
    if (!waiting) onEvent({ type: 'waiting', stage: stage.name })
    waiting = true
    await sleep(RETRY, undefined, { signal })
  }
}

async function compute({ stage, key }: PlannedStage, claim: Claim, work: Work): Promise<void> {
  const { experiment, store, signal, onEvent, model, assets, prompts } = work
  if (store.stage(key)?.status === 'finished') store.forgetStage(key)
  store.beginStage(claim, {
    kind: stage.kind,
    params: identity(stage).params,
    provenance: provenance(experiment.model, model)
  })
  onEvent({ type: 'started', stage: stage.name })
  const begun = performance.now()
  const seconds = () => (performance.now() - begun) / 1000
  try {
    const cost = await runStage(stage, {
      store,
      key,
      claim,
      inputKey: work.plan.keyOf,
      imagesKey: work.plan.imagesKeyOf,
      promptsOf: prompts && (seeds => promptsOf(prompts, seeds)),
      assetPath: location => assetOf(assets, location).path,
      assetDigest: location => assetOf(assets, location).digest,
      cacheDir: cacheFolder(store.root),
      openModel: () => Promise.resolve(model),
      signal,
      onProgress: progress => {
        onEvent({ type: 'progress', stage: stage.name, ...progress })
      }
    })
    store.finishStage(claim, { ...cost, seconds: seconds() })
    onEvent({ type: 'finished', stage: stage.name, seconds: seconds(), ...cost })
  } catch (error) {
    if (!(error instanceof EpdError && error.code.startsWith('store-'))) store.addSeconds(claim, seconds())
    throw error
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
