import { dirname } from 'node:path'
import type { AnyExperiment } from '../experiment/experiment.js'
import type { MetricDescriptor } from '../metrics/metric.js'
import type { Model } from '../models/model.js'
import { withDerived } from '../stages/derived.js'
import { STAGE_KINDS, type StageKinds } from '../stages/registry.js'
import { guardedAsync } from '../store/failures.js'
import type { StageContext, StageCost } from '../stages/stage.js'
import type { WritableStore } from '../store/store.js'
import { copyAt, readAssets, type Assets, type Copies } from './assets.js'
import type { OnEvent } from './event.js'
import { checkFit } from './fit.js'
import { closing, openSpecified, withCommit } from './model.js'
import { plan, type Plan, type PlannedStage } from './plan.js'
import { checkPrompts, readPrompts } from './prompts.js'
import { withTimePoints } from './time-points.js'

/** An experiment, and where and how it is run. */
export interface ExecuteOptions {
  readonly experiment: AnyExperiment
  readonly store: WritableStore
  readonly signal: AbortSignal
  readonly onEvent: OnEvent
  /** The kinds of its stages; by default the program's own. */
  readonly kinds?: StageKinds
  /** The metrics that score stages may name; by default METRICS. */
  readonly metrics?: readonly MetricDescriptor[]
  /** Computes stages outside of this process; where it is absent, or returns nothing, a stage is computed here. */
  readonly elsewhere?: Elsewhere
}

/**
 * Has a stage that is claimed computed outside of this process, and puts what it left into the store, with the seconds
 * for which workers have computed, all together, without those for which they have waited.
 */
export type Elsewhere = (
  planned: PlannedStage,
  context: StageContext,
  around: Opened & { readonly plan: Plan }
) => Promise<StageCost> | undefined

/** What a model is opened with; `cacheDir` is the folder of compiled graphs. */
export interface PrepareOptions extends Omit<ExecuteOptions, 'store'> {
  readonly cacheDir: string
  /** Threads of an engine on the CPU; default: all cores. No result depends on it. */
  readonly threads?: number
}

/** Opens the model and names the stages, and tells of what does not fit. The model is the caller's to close. */
export async function prepared(options: PrepareOptions, copies: Copies): Promise<Opened & { readonly plan: Plan }> {
  const { onEvent, kinds = STAGE_KINDS, cacheDir } = options
  const all = await guardedAsync(cacheDir, () => opened(options, copies))
  return closing(all.model, () => {
    for (const message of [...all.experiment.warnings, ...checkFit(all.experiment, all.model, kinds)])
      onEvent({ type: 'warning', message })
    return { ...all, plan: plan(all, kinds) }
  })
}

/** An experiment with its model and all else that it reads. */
export interface Opened {
  /** The experiment, with the stages that its model needs beside those of the spec. */
  readonly experiment: AnyExperiment
  readonly model: Model
  readonly assets: Assets
  readonly prompts?: readonly string[]
}

async function opened(options: PrepareOptions, copies: Copies): Promise<Opened> {
  const { experiment, cacheDir, threads, signal, onEvent, kinds = STAGE_KINDS } = options
  const assets = await readAssets(experiment, copies, kinds)
  const at = (location: string) => copyAt(copies, location)
  const prompts = await readPrompts(experiment.prompts, at)
  const model = await openSpecified(experiment.model, {
    at,
    cwd: dirname(experiment.file),
    cacheDir,
    threads,
    signal,
    onNote: message => {
      onEvent({ type: 'warning', message })
    }
  })
  return closing(model, () => {
    checkPrompts(model, prompts)
    const named = { ...experiment, model: withCommit(experiment.model, copies) }
    const filled = withTimePoints(named, model, kinds)
    return { experiment: { ...filled, stages: withDerived(filled.stages, model, kinds) }, model, assets, prompts }
  })
}
