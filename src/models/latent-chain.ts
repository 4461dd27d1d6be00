import { toFloat32, toFloat64, type Tensor } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'
import { alphaBars, type Betas } from './parametrisation.js'

/** The betas of a chain's first and last step. */
export interface Ends {
  readonly start: number
  readonly end: number
}

/** The chain of Stable Diffusion. */
export const STABLE_DIFFUSION: Ends = { start: 0.00085, end: 0.012 }
/** The chain of latent diffusion of faces, LSUN's bedrooms and ImageNet. */
export const LATENT_DIFFUSION: Ends = { start: 0.0015, end: 0.0195 }

/** The schedule that CompVis calls `linear`, whose betas have linear roots. */
export function scaledLinear(steps: number, { start, end }: Ends): Betas {
  return { schedule: 'scaled-linear', start, end, steps }
}

/**
 * The chain that a file holds, or the one that is described. `described` is not asked where the file's is exact.
 * @throws EpdError `model-invalid` for a chain that is too coarse and rounds from none that is known
 */
export function chainOf(stored: Tensor | undefined, described: () => Betas, path: string): Betas {
  if (!stored) return described()
  if (stored.dtype === 'float32') return { alphaBars: [...toFloat32(stored)] }
  const values = toFloat64(stored)
  if (stored.dtype === 'float64') return { alphaBars: [...values] }
  const ends = [
    STABLE_DIFFUSION,
    LATENT_DIFFUSION,
    ...[0.0155, 0.0205].map(end => ({ start: 0.0015, end })),
    { start: 1e-4, end: 0.02 }
  ]
  const candidates = [described(), ...ends.map(each => scaledLinear(values.length, each))]
  const found = candidates.find(betas => roundsTo(alphaBars(betas), values, STEPS[stored.dtype] ?? 0))
  if (found) return found
  throw new EpdError(
    'model-invalid',
    `${path}: its alphas_cumprod are in ${stored.dtype}, which is too coarse, and no chain that is known rounds ` +
      'to them; ' +
      'put the config.yaml that belongs to it beside it, with its linear_start and linear_end'
  )
}

/** The relative distance between two numbers of a type. */
const STEPS: Readonly<Record<string, number | undefined>> = { float16: 2 ** -10, bfloat16: 2 ** -7 }

/**
 * Whether a chain lies within one distance of the stored numbers, which allows for rounding twice. Below the least
 * normal number of half precision the distance is fixed.
 */
function roundsTo(chain: Float64Array, stored: Float64Array, step: number): boolean {
  return (
    chain.length === stored.length &&
    chain.every((bar, i) => Math.abs(bar - stored[i]) <= step * Math.max(bar, 2 ** -14))
  )
}
