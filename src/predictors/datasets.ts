import type { ModelTime } from '../models/denoiser.js'
import { discreteTime } from '../models/discrete-time.js'
import { LATENT_DIFFUSION, scaledLinear, STABLE_DIFFUSION, type Ends } from '../models/latent-chain.js'
import { alphaBars } from '../models/parametrisation.js'
import type { RangedModel } from '../solvers/range.js'
import type { ModelMark } from './record.js'

/** The models of data sets, by the names that the paper's code and DyWeight's give these. */
const MODELS: Readonly<Record<string, ModelMark | undefined>> = {
  cifar10: { shape: [3, 32, 32], labelDim: 0 },
  ffhq: { shape: [3, 64, 64], labelDim: 0 },
  afhqv2: { shape: [3, 64, 64], labelDim: 0 },
  imagenet64: { shape: [3, 64, 64], labelDim: 1000 },
  lsun_bedroom_ldm: { shape: [3, 64, 64], labelDim: 0 }
}

/** What is known of the model of a data set. */
export function modelOfDataset(dataset: unknown): ModelMark {
  return typeof dataset === 'string' ? { dataset, ...MODELS[dataset] } : {}
}

/** Continuous time of a chain of 1000 steps whose betas have linear roots, with log alpha linear between two steps. */
export function chainTime(ends: Ends): ModelTime {
  return discreteTime(alphaBars(scaledLinear(1000, ends)))
}

/** The chains of the models that the paper's code and DyWeight's load for a data set. */
const CHAINS: ReadonlyMap<unknown, Ends> = new Map([
  ['lsun_bedroom_ldm', LATENT_DIFFUSION],
  ['ms_coco', STABLE_DIFFUSION]
])

/** The time of a chain that the code of few-step samplers ends at. */
export const CHAIN_END = 1e-3

/**
 * The time and range of the model that the paper's code and DyWeight's load for a data set. It is not known of a
 * predictor that was learned here, which has the digest of a model of its own.
 */
export function rangedModelOf({ dataset, digest }: ModelMark): RangedModel | undefined {
  const ends = digest === undefined ? CHAINS.get(dataset) : undefined
  if (!ends) return undefined
  const time = chainTime(ends)
  return { time, sigmaMin: time.sigma(CHAIN_END), sigmaMax: time.sigma(1) }
}
