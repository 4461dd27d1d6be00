import { solversWith } from '../experiment/plugins.js'
import type { Cost } from '../stages/kind.js'
import type { StageContext } from '../stages/stage.js'
import type { Claim } from '../store/store.js'
import { assetOf, cacheFolder } from './assets.js'
import { NO_COST } from './costs.js'
import type { Plan, PlannedStage } from './plan.js'
import type { ExecuteOptions, Opened } from './prepare.js'
import { promptsOf } from './prompts.js'

/** What stages are computed with, wherever that is. */
export type Surroundings = Opened &
  Pick<ExecuteOptions, 'store' | 'signal' | 'onEvent' | 'metrics'> & {
    readonly plan: Plan
    /** What each stage costs from its beginning to its end, by its name. */
    readonly costs: ReadonlyMap<string, Cost>
  }

/** What a stage that is claimed is run with. */
export function stageContext({ stage, key }: PlannedStage, claim: Claim, around: Surroundings): StageContext {
  const { experiment, store, signal, onEvent, metrics, model, assets, prompts, plan, costs } = around
  return {
    solvers: solversWith(experiment.plugins),
    expected: costs.get(stage.name) ?? NO_COST,
    store,
    key,
    claim,
    inputKey: plan.keyOf,
    imagesKey: plan.imagesKeyOf,
    promptsOf: prompts && (seeds => promptsOf(prompts, seeds)),
    assetPath: location => assetOf(assets, location).path,
    assetDigest: location => assetOf(assets, location).digest,
    cacheDir: cacheFolder(store.root),
    onNote: message => {
      onEvent({ type: 'warning', message })
    },
    metrics,
    runner: model.runner,
    openModel: () => Promise.resolve(model),
    signal,
    onProgress: progress => {
      onEvent({ type: 'progress', stage: stage.name, ...progress })
    }
  }
}
