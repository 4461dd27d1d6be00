import type { ModelTime } from '../models/denoiser.js'
import { discreteTime } from '../models/discrete-time.js'
import { scaledLinear } from '../models/latent-chain.js'
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
export function chainTime(start: number, end: number): ModelTime {
  return discreteTime(alphaBars(scaledLinear(1000, { start, end })))
}

/** The betas of the first and the last step of models that the paper's code and DyWeight's load for a data set. */
const CHAINS: ReadonlyMap<unknown, readonly [number, number]> = new Map([
  // Latent diffusion on LSUN Bedroom, and Stable Diffusion 1.
  ['lsun_bedroom_ldm', [0.0015, 0.0195]],
  ['ms_coco', [0.00085, 0.012]]
])

/** Where that code begins to count time. */
const FIRST_TIME = 1e-3

/**
 * The time and range of the model that the paper's code and DyWeight's load for a data set. It is not known of a
 * predictor that was learned here, which has the digest of a model of its own.
 */
export function noiseOf({ dataset, digest }: ModelMark): RangedModel | undefined {
  const ends = digest === undefined ? CHAINS.get(dataset) : undefined
  if (!ends) return undefined
  const time = chainTime(...ends)
  return { time, sigmaMin: time.sigma(FIRST_TIME), sigmaMax: time.sigma(1) }
}
