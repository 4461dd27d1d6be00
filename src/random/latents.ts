import type { TorchGenerator } from './generator.js'
import { torchCpuGenerator } from './torch-cpu.js'
import { torchCudaGenerator } from './torch-cuda.js'

/** PyTorch's random numbers, as its CPU or a GPU draws them. */
export type GeneratorName = 'torch-cpu' | 'torch-cuda'

/** Which random numbers are drawn. */
export interface LatentsOptions {
  readonly seeds: readonly number[]
  /** The shape of one sample. */
  readonly shape: readonly number[]
  /** Default: torch-cpu. */
  readonly generator?: GeneratorName
}

const GENERATORS: Readonly<Record<GeneratorName, (seed: number) => TorchGenerator>> = {
  'torch-cpu': torchCpuGenerator,
  'torch-cuda': torchCudaGenerator
}

/**
 * Latents of unit variance, [seeds, ...shape], in float64. A seed's are those of PyTorch's torch.randn(shape) from a
 * generator of that seed, in float32.
 * @throws RangeError for a seed that is no whole number from 0 to 2^32 - 1
 */
export function latents(options: LatentsOptions): Float64Array {
  return draw(options, () => undefined)
}

/**
 * Latents as `latents` draws them, and for each seed the class that is drawn next from its generator:
 * torch.randint(labelDim, ()), 0 to labelDim - 1.
 * @throws RangeError for a seed that is no whole number from 0 to 2^32 - 1
 */
export function latentsAndLabels(options: LatentsOptions & { readonly labelDim: number }): {
  latents: Float64Array
  labels: Int32Array
} {
  const labels = new Int32Array(options.seeds.length)
  const drawn = draw(options, (generator, i) => {
    labels[i] = generator.randint(options.labelDim)
  })
  return { latents: drawn, labels }
}

function draw(
  { seeds, shape, generator = 'torch-cpu' }: LatentsOptions,
  then: (generator: TorchGenerator, index: number) => void
): Float64Array {
  const size = shape.reduce((product, length) => product * length, 1)
  const all = new Float64Array(seeds.length * size)
  seeds.forEach((seed, i) => {
    const numbers = GENERATORS[generator](seed)
    all.set(numbers.randn(size), i * size)
    then(numbers, i)
  })
  return all
}
