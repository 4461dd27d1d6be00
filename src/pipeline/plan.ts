import { createHash } from 'node:crypto'
import type { Model } from '../models/model.js'
import type { Experiment, Stage } from '../spec/experiment.js'
import { identity } from '../stages/identity.js'
import { assetOf, type Assets } from './assets.js'
import { decodedName } from './decoding.js'
import { promptsOf } from './prompts.js'
import { canonical } from '../spec/plain.js'
import { DEFAULT_BATCH_SIZE } from '../solvers/driver.js'
import { stageKey } from './key.js'

/** A stage with the name of its result. */
export interface PlannedStage {
  readonly stage: Stage
  readonly key: string
}

export interface Plan {
  /** The experiment's name with the beginning of the digest of all its stages: the same spec is the same run. */
  readonly runId: string
  readonly stages: readonly PlannedStage[]
  readonly keyOf: (stageName: string) => string
  /** The key of what holds a sample stage's images: its own, or that of the stage that decodes its latents. */
  readonly imagesKeyOf: (stageName: string) => string
}

/** What keys are made of. */
export interface Planned {
  readonly experiment: Experiment
  readonly model: Pick<Model, 'digest' | 'engine' | 'batchInvariant' | 'devices' | 'decoder'>
  readonly assets: Assets
  readonly prompts?: readonly string[]
}

/** The stages of an experiment with their keys, in the order in which they can run. */
export function plan({ experiment, model, assets: files, prompts }: Planned): Plan {
  const { digest, engine, batchInvariant, devices = 1 } = model
  const keys = new Map<string, string>()
  const keyOf = (name: string) => {
    const key = keys.get(name)
    if (key === undefined) throw new RangeError(`stage "${name}" comes before one that it needs`)
    return key
  }
  const imagesKeyOf = (name: string) => keys.get(decodedName(name)) ?? keyOf(name)
  const stages = experiment.stages.map(stage => {
    const looksAtImages = stage.kind === 'features' || stage.kind === 'score'
    const { version, params, inputs, evaluatesModel, assets = [] } = identity(stage)
    const batch = stage.kind === 'sample' ? stage.batch : DEFAULT_BATCH_SIZE
    const batching = batchInvariant ? undefined : { batch, devices }
    const key = stageKey({
      kind: stage.kind,
      version,
      params: { ...params, ...besides(stage, model, prompts) },
      inputs: inputs.map(looksAtImages ? imagesKeyOf : keyOf),
      model: evaluatesModel ? { digest, engine, batching } : undefined,
      assets: assets.map(location => assetOf(files, location).digest)
    })
    keys.set(stage.name, key)
    return { stage, key }
  })
  const whole = createHash('sha256')
    .update(canonical([...keys]))
    .digest('hex')
  return { runId: `${experiment.name}-${whole.slice(0, 8)}`, stages, keyOf, imagesKeyOf }
}

/** What a stage's result depends on beside its own parameters and inputs: its seeds' prompts, what decodes the latents that its loss looks at. */
function besides(stage: Stage, { decoder }: Planned['model'], prompts: Planned['prompts']): Record<string, unknown> {
  if (stage.kind === 'teacher' || stage.kind === 'sample')
    return prompts ? { prompts: promptsOf(prompts, stage.seeds) } : {}
  if (stage.kind !== 'distill' || !stage.features || !decoder) return {}
  const { digest, scale, engine } = decoder
  return { decoder: { digest, scale, engine } }
}
