import { createHash } from 'node:crypto'
import { decodedName } from '../stages/decoded-name.js'
import type { StageBase } from '../stages/kind.js'
import { STAGE_KINDS, type StageKinds } from '../stages/registry.js'
import { canonical } from '../reading/plain.js'
import { resultKey, type Planned, type StageKeys } from './key.js'

/** A stage with the name of its result. */
export interface PlannedStage {
  readonly stage: StageBase
  readonly key: string
}

export interface Plan extends StageKeys {
  /** The experiment's name with the beginning of the digest of all its stages: the same spec is the same run. */
  readonly runId: string
  readonly stages: readonly PlannedStage[]
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
  return { runId: runIdOf(experiment.name, [...keys]), stages, keyOf, imagesKeyOf }
}

/** The id of the run of an experiment's name whose stages have these names and keys. */
export function runIdOf(name: string, stages: readonly (readonly [name: string, key: string])[]): string {
  const whole = createHash('sha256').update(canonical(stages)).digest('hex')
  return `${name}-${whole.slice(0, 8)}`
}
