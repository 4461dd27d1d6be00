import { decoderRecipe } from '../../src/networks/autoencoder.js'
import { denoisingRecipe } from '../../src/networks/network.js'
import { networkOf } from '../../src/networks/registry.js'
import { preconditioning } from '../../src/models/preconditionings.js'
import type { Parts } from '../../src/models/layout.js'
import type { Recipe, Tensors } from '../../src/engines/recipe.js'

/** A network that is timed beside its peers. */
export interface Network {
  /** Its name in tables. */
  readonly title: string
  /** The model that bench/peers/made.py or filled.ts writes, which is a folder. */
  readonly made: 'ddpmpp' | 'adm' | 'sd15'
  readonly batches: readonly number[]
  /** Rounds in which all take their turns. */
  readonly rounds: number
  /** About the most memory that a process of it takes, in GB: ours, and a peer's. */
  readonly gigabytes: { readonly ours: number; readonly peer: number }
  /** How much faster than each peer it is to be. */
  readonly goal: 1 | 1.5
  /** Its inputs without the batch, by their names. */
  readonly inputs: Readonly<Record<string, readonly number[]>>
  /** What its `noise` is told. */
  readonly noise: number
  /** Its recipe and weights among the parts of the model. */
  readonly read: (parts: Parts) => Promise<{ recipe: Recipe; tensors: Tensors }>
}

async function denoiser({ about, network }: Parts) {
  const { learnedVariance } = preconditioning(about.className, about.initKwargs)
  return { recipe: denoisingRecipe(networkOf(about.initKwargs, learnedVariance)), tensors: await network() }
}

async function decoder({ about, decoder }: Parts) {
  if (!about.decoder) throw new Error('the model has no decoder')
  return { recipe: decoderRecipe(about.decoder.config), tensors: await decoder() }
}

/** The networks, each under the name by which bench/peers/made.py knows it. */
export const NETWORKS: Readonly<Record<string, Network>> = {
  ddpmpp: {
    ...{ title: "CIFAR-10's DDPM++", made: 'ddpmpp', batches: [1, 8], rounds: 7, goal: 1.5 },
    gigabytes: { ours: 2, peer: 1 },
    inputs: { x: [3, 32, 32], noise: [1] },
    ...{ noise: -0.25, read: denoiser }
  },
  adm: {
    ...{ title: "ImageNet-64's ADM", made: 'adm', batches: [1, 8], rounds: 5, goal: 1.5 },
    gigabytes: { ours: 5, peer: 3 },
    inputs: { x: [3, 64, 64], noise: [1], labels: [1000] },
    ...{ noise: 250, read: denoiser }
  },
  unet: {
    ...{ title: "Stable Diffusion 1.5's U-Net", made: 'sd15', batches: [1, 2], rounds: 3, goal: 1 },
    gigabytes: { ours: 9, peer: 5 },
    inputs: { x: [4, 64, 64], noise: [1], context: [77, 768] },
    ...{ noise: 250, read: denoiser }
  },
  decoder: {
    ...{ title: "Stable Diffusion 1.5's decoder", made: 'sd15', batches: [1, 2], rounds: 3, goal: 1.5 },
    gigabytes: { ours: 5, peer: 4 },
    inputs: { latents: [4, 64, 64] },
    ...{ noise: 0, read: decoder }
  }
}

/** The inputs of a batch: u[i] = 1.3 sin(0.7 + 1.9 i), the noise level that is told, and classes from 7 on. */
export function feedsOf({ inputs, noise }: Network, batch: number) {
  return Object.entries(inputs).map(([name, sizes]) => {
    const length = sizes.reduce((product, size) => product * size, batch)
    const value = (i: number) => {
      if (name === 'noise') return noise
      if (name === 'labels') return Number(i % sizes[0] === 7 + Math.floor(i / sizes[0]))
      return 1.3 * Math.sin(0.7 + 1.9 * i)
    }
    return { name, shape: [batch, ...sizes], data: Float32Array.from({ length }, (_, i) => value(i)) }
  })
}
