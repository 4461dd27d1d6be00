import { createHash } from 'node:crypto'
import type { AnyExperiment } from '../experiment/experiment.js'
import { pluginOf } from '../experiment/plugins.js'
import type { Model } from '../models/model.js'
import { DEFAULT_BATCH_SIZE } from '../solvers/driver.js'
import { canonicalParts } from '../reading/plain.js'
import type { StageBase, StageKind } from '../stages/kind.js'
import { assetOf, type Assets } from './assets.js'
import { promptsOf } from './prompts.js'

/** What keys are made of. */
export interface Planned {
  readonly experiment: AnyExperiment
  readonly model: Pick<Model, 'digest' | 'engine' | 'runner' | 'batchInvariant' | 'devices' | 'decoder'>
  readonly assets: Assets
  readonly prompts?: readonly string[]
}

/** The keys of stages by their names. */
export interface StageKeys {
  /** The key of a stage by its name. @throws RangeError where no stage has the name */
  readonly keyOf: (stageName: string) => string
  /** The key of what holds a sample stage's images: its own, or that of the stage that decodes its latents. */
  readonly imagesKeyOf: (stageName: string) => string
}

/** How samples are put together, where an engine's bits depend on that. */
export interface Batching {
  readonly batch: number
  readonly devices: number
}

/** All that a stage's result depends on. */
export interface StageIdentity {
  readonly kind: string
  /** The version of the stage's code: another number means another result. */
  readonly version: number
  /** Resolved parameters, without names and without what changes no bit of the result. */
  readonly params: unknown
  /** Keys of the stages that it reads. */
  readonly inputs: readonly string[]
  /** Digest of the model's graph and weights, and the engine's numeric identity; absent where no model is evaluated. */
  readonly model?: { readonly digest: string; readonly engine: string; readonly batching?: Batching }
  /** Digests of the files that it reads. */
  readonly assets?: readonly string[]
}

/** The name of a stage's result: SHA-256 of its identity, in hexadecimal. */
export function stageKey(identity: StageIdentity): string {
  const hash = createHash('sha256')
  for (const part of canonicalParts(identity)) hash.update(part)
  return hash.digest('hex')
}

/** What names a stage's result: its kind and version, its own identity, its plugin, and the model that it evaluates. */
export function resultKey(
  stage: StageBase,
  kind: StageKind,
  { experiment, model, assets: files, prompts, keyOf, imagesKeyOf }: Planned & StageKeys
): string {
  const { digest, engine, batchInvariant, devices = 1, decoder } = model
  const {
    params,
    besides,
    inputs,
    readsImages,
    evaluatesModel,
    batch,
    assets = []
  } = kind.identity(stage, {
    decoder: decoder && { digest: decoder.digest, scale: decoder.scale, engine: decoder.engine },
    runner: model.runner,
    promptsOf: prompts && (seeds => promptsOf(prompts, seeds))
  })
  const plugin = pluginOf(kind.solver?.(stage).name, experiment.plugins)
  const batching = batchInvariant ? undefined : { batch: batch ?? DEFAULT_BATCH_SIZE, devices }
  return stageKey({
    kind: kind.kind,
    version: kind.version,
    params: { ...params, ...besides, ...(plugin && { plugin: plugin.digest }) },
    inputs: inputs.map(readsImages ? imagesKeyOf : keyOf),
    model: evaluatesModel ? { digest, engine, batching } : undefined,
    assets: assets.map(location => assetOf(files, location).digest)
  })
}
