import { createHash } from 'node:crypto'
import type { Model } from '../models/open.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import { decodedName } from '../stages/image-files.js'
import type { StageBase } from '../stages/kind.js'
import { STAGE_KINDS, type StageKinds } from '../stages/registry.js'
import type { Assets } from './assets.js'
import { canonical } from '../reading/plain.js'
import { resultKey } from './key.js'

/** A stage with the name of its result. */
export interface PlannedStage {
  readonly stage: StageBase
  readonly key: string
}

/** The stages of a run, in the order in which they can run, with the names of their results. */
export interface Plan {
  /** The experiment's name with the beginning of the digest of all its stages: the same spec is the same run. */
  readonly runId: string
  readonly stages: readonly PlannedStage[]
  /** The key of a stage by its name. @throws RangeError where no stage has the name */
  readonly keyOf: (stageName: string) => string
  /** The key of what holds a sample stage's images: its own, or that of the stage that decodes its latents. */
  readonly imagesKeyOf: (stageName: string) => string
}

/** What keys are made of. */
export interface Planned {
  readonly experiment: AnyExperiment
  readonly model: Pick<Model, 'digest' | 'engine' | 'batchInvariant' | 'devices' | 'decoder'>
  readonly assets: Assets
  readonly prompts?: readonly string[]
}

/** The stages of an experiment with their keys, in the order in which they can run. */
export function plan(planned: Planned, kinds: StageKinds = STAGE_KINDS): Plan {
  const { experiment } = planned
  const keys = new Map<string, string>()
  const keyOf = (name: string) => {
    const key = keys.get(name)
    if (key === undefined) throw new RangeError(`stage "${name}" comes before one that it needs`)
    return key
  }
  const imagesKeyOf = (name: string) => keys.get(decodedName(name)) ?? keyOf(name)
  const stages = experiment.stages.map(stage => {
    const key = resultKey(stage, kinds.of(stage), { ...planned, keyOf, imagesKeyOf })
    keys.set(stage.name, key)
    return { stage, key }
  })
  const whole = createHash('sha256')
    .update(canonical([...keys]))
    .digest('hex')
  return { runId: `${experiment.name}-${whole.slice(0, 8)}`, stages, keyOf, imagesKeyOf }
}
