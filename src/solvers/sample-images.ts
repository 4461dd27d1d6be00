import { decodedImages } from '../images/decoded.js'
import { toUint8 } from '../images/uint8.js'
import type { Decoder } from '../models/decoder.js'
import type { Denoiser, Shape } from '../models/denoiser.js'
import type { GeneratorName } from '../random/latents.js'
import { noise } from './noise.js'
import type { NoiseScale } from './schedule.js'
import { solve, type SolveOptions } from './solve.js'

/** What images are sampled with. */
export interface SampleImagesOptions extends Omit<SolveOptions, 'model' | 'x'> {
  /** A pixel model, or a latent one, whose decoder then makes the images. It is not closed. */
  readonly model: Denoiser & { readonly decoder?: Pick<Decoder, 'shape' | 'decode'> }
  /** One image a seed; whole numbers from 0 to 2^32 - 1. */
  readonly seeds: readonly number[]
  /** The random numbers of PyTorch's CPU or GPU generator; default: `torch-cpu`. */
  readonly generator?: GeneratorName
  /** What the latents are multiplied by; default: `sigma`. */
  readonly noiseScale?: NoiseScale
}

/** Images as they are shown. */
export interface SampledImages {
  /** [seeds, height, width, channels], 0 to 255: floor(clip(127.5 x + 128, 0, 255)), as the paper's code rounds. */
  readonly images: Uint8Array
  /** The size of one image. */
  readonly shape: Shape
  /** Parallel NFE. */
  readonly nfe: number
  /** Evaluations of the model for one image, on average. */
  readonly evaluations: number
}

/**
 * Samples an image for each seed: noise, a solver, a latent model's decoder, bytes. A class-conditional model gets the
 * classes that the seeds draw, unless `condition` has others; a model of prompts gets those of `condition`. `grid` and
 * `toPng` take the result.
 * @throws RangeError as `solve` and `noise` do
 */
export async function sampleImages(options: SampleImagesOptions): Promise<SampledImages> {
  const { model, seeds, generator, noiseScale, condition, ...solving } = options
  const drawn = noise(seeds, model, solving.sigmas[0], generator, noiseScale)
  const given = { ...drawn.condition, ...condition }
  const { x, nfe, evaluations } = await solve({ ...solving, model, x: drawn.x, condition: given })
  const { decoder, shape } = model
  if (!decoder) return { images: toUint8(x, shape), shape, nfe, evaluations }
  const images = await decodedImages(decoder, x, { count: seeds.length, signal: solving.signal })
  return { images, shape: decoder.shape, nfe, evaluations }
}
