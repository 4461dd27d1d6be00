import type { AnyExperiment } from '../experiment/experiment.js'
import { solversWith } from '../experiment/plugins.js'
import type { Cost } from '../stages/kind.js'
import { STAGE_KINDS, type StageKinds } from '../stages/registry.js'

/**
 * What each stage of an experiment costs from its beginning to its end, by its name.
 * @param nfeFactor evaluations behind one answer of the model: 2 with classifier-free guidance
 */
export function costsOf(
  { stages, plugins }: AnyExperiment,
  kinds: StageKinds = STAGE_KINDS,
  nfeFactor = 1
): ReadonlyMap<string, Cost> {
  const byName = new Map(stages.map(stage => [stage.name, stage]))
  const around = { find: (name: string) => byName.get(name), solvers: solversWith(plugins) }
  return new Map(
    stages.map(stage => {
      const { evaluations, atMost } = kinds.of(stage).cost(stage, around)
      return [stage.name, { evaluations: evaluations * nfeFactor, atMost }]
    })
  )
}

/** What a stage costs of which nothing is known. */
export const NO_COST: Cost = { evaluations: 0, atMost: false }
