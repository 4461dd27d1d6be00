import type { NetworkCheckpoint } from '../checkpoints/tensor.js'
import type { Ops } from '../engines/ops.js'
import type { Recipe } from '../engines/recipe.js'
import type { Arguments } from './arguments.js'
import { channelMean } from './layers.js'

/** The input of a denoising network. */
export interface NetworkInput<T> {
  /** [batch, channels, height, width] */
  readonly x: T
  /** The noise level as the network was trained to read it, [batch, 1]. */
  readonly noise: T
  /** One-hot classes or zeros, [batch, labelDim]; undefined for an unconditional network. */
  readonly labels?: T
  /** The tokens that a network with cross-attention looks at, [batch, tokens, width]. */
  readonly context?: T
}

/** The answer of a denoising network. */
export interface NetworkOutput<T> {
  /** [batch, channels, height, width] */
  readonly image: T
  /**
   * The encoder's output to the decoder, [batch, any channels, height, width]: the smallest image within the network.
   */
  readonly bottleneck: T
}

export type Size = readonly [height: number, width: number]

/** A denoising network of any family. */
export interface Network {
  /** The name of its architecture, for messages. */
  readonly architecture: string
  /** The height and width of an image. */
  readonly size: Size
  readonly inChannels: number
  readonly labelDim: number
  /** The tokens that a network with cross-attention looks at, and the width of each. */
  readonly context?: { readonly tokens: number; readonly width: number }
  /** The pixels of its bottleneck. */
  readonly bottleneckPixels: number
  readonly apply: <T>(ops: Ops<T>, input: NetworkInput<T>) => NetworkOutput<T>
}

/** The class and the arguments of a network, as a checkpoint names them. */
export type Description = Pick<NetworkCheckpoint, 'className' | 'initKwargs'>

/** A family of denoising networks. registry.ts lists them all. */
export interface NetworkFamily {
  /** The `model_type` that names it among a network's arguments. */
  readonly name: string
  /**
   * The network that its arguments describe.
   * @param learnedVariance whether it answers a variance, too, in as many channels again
   * @throws EpdError `model-invalid` that names an argument of the wrong kind or an unsupported value
   */
  readonly describe: (read: Arguments, learnedVariance: boolean) => Network
  /** The description that a state dict's names and shapes tell; undefined where it is of another family. */
  readonly recognise?: (tensors: NetworkCheckpoint['tensors']) => Description | undefined
}

/** The names of a compiled network's inputs. */
export const INPUTS = { x: 'x', noise: 'noise', labels: 'labels', context: 'context' } as const

/**
 * A denoising network with inputs x, noise and, if it knows them, labels and context. It answers an image and the mean
 * of its bottleneck's channels.
 */
export function denoisingRecipe({ architecture, size, inChannels, labelDim, context, apply }: Network): Recipe {
  return {
    name: architecture,
    build(graph) {
      const { image, bottleneck } = apply(graph.ops, {
        x: graph.input(INPUTS.x, [-1, inChannels, ...size]),
        noise: graph.input(INPUTS.noise, [-1, 1]),
        labels: labelDim > 0 ? graph.input(INPUTS.labels, [-1, labelDim]) : undefined,
        context: context && graph.input(INPUTS.context, [-1, context.tokens, context.width])
      })
      return [image, channelMean(graph.ops, bottleneck)]
    },
    // These buffers follow from the arguments.
    ignores: tensor => tensor.endsWith('.resample_filter')
  }
}

/** The pixels of the bottleneck of a U-Net in which each level after the first halves the image. */
export function pixelsOfLast([height, width]: Size, levels: number): number {
  const halvings = levels - 1
  return (height >> halvings) * (width >> halvings)
}
