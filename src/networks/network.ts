import type { Ops } from '../engines/ops.js'
import { EpdError } from '../errors.js'
import { dhariwalUNet, type DhariwalUNetConfig } from './dhariwal-unet.js'
import { guidedUNet, type GuidedUNetConfig } from './guided-unet.js'
import { songUNet, type SongUNetConfig } from './song-unet.js'

/** What a network is given. */
export interface NetworkInput<T> {
  /** [batch, channels, height, width] */
  readonly x: T
  /** The noise level as the network was trained to read it, [batch, 1]. */
  readonly noise: T
  /** One-hot classes or zeros, [batch, labelDim]; undefined for an unconditional network. */
  readonly labels?: T
}

/** A network's architecture, with its input and output. */
export type Network = {
  readonly resolution: number
  readonly inChannels: number
  readonly labelDim: number
} & (
  | { readonly architecture: 'SongUNet'; readonly config: SongUNetConfig }
  | { readonly architecture: 'DhariwalUNet'; readonly config: DhariwalUNetConfig }
  | { readonly architecture: 'GuidedUNet'; readonly config: GuidedUNetConfig }
)

/** Runs or records a network on an engine. */
export function apply<T>(ops: Ops<T>, network: Network, input: NetworkInput<T>): T {
  switch (network.architecture) {
    case 'SongUNet':
      return songUNet(ops, network.config, input)
    case 'DhariwalUNet':
      return dhariwalUNet(ops, network.config, input)
    case 'GuidedUNet':
      return guidedUNet(ops, network.config, input)
  }
}

/**
 * The network that the arguments of an EDM preconditioning class describe; what they leave out has EDM's defaults.
 * @throws EpdError `model-invalid` that names an unknown architecture or a value of the wrong kind
 */
export function networkOf(kwargs: Readonly<Record<string, unknown>>, learnedVariance = false): Network {
  const read = reader(kwargs)
  const architecture = read.text('model_type', ['SongUNet', 'DhariwalUNet'], 'DhariwalUNet')
  const resolution = read.count('img_resolution')
  const inChannels = read.count('img_channels')
  const labelDim = read.count('label_dim', 0)
  const shared = {
    resolution,
    outChannels: learnedVariance ? 2 * inChannels : inChannels,
    labelDim,
    augmentDim: read.count('augment_dim', 0),
    channelMultEmb: read.count('channel_mult_emb', 4)
  }
  const base = { resolution, inChannels, labelDim }
  if (architecture === 'DhariwalUNet')
    return {
      ...base,
      architecture,
      config: {
        ...shared,
        modelChannels: read.count('model_channels', 192),
        channelMult: read.counts('channel_mult', [1, 2, 3, 4]),
        numBlocks: read.count('num_blocks', 3),
        attentionResolutions: read.counts('attn_resolutions', [32, 16, 8])
      }
    }
  return {
    ...base,
    architecture,
    config: {
      ...shared,
      modelChannels: read.count('model_channels', 128),
      channelMult: read.counts('channel_mult', [1, 2, 2, 2]),
      channelMultNoise: read.count('channel_mult_noise', 1),
      numBlocks: read.count('num_blocks', 4),
      attentionResolutions: read.counts('attn_resolutions', [16]),
      embedding: read.text('embedding_type', ['positional', 'fourier'], 'positional'),
      encoder: read.text('encoder_type', ['standard', 'skip', 'residual'], 'standard'),
      decoder: read.text('decoder_type', ['standard', 'skip'], 'standard'),
      filter: read.counts('resample_filter', [1, 1])
    }
  }
}

function reader(kwargs: Readonly<Record<string, unknown>>) {
  const wrong = (name: string, expected: string) =>
    new EpdError('model-invalid', `the checkpoint's ${name} must be ${expected}, found ${JSON.stringify(kwargs[name])}`)
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
  return {
    count(name: string, otherwise?: number): number {
      const value = kwargs[name] ?? otherwise
      if (!isCount(value)) throw wrong(name, 'a whole number')
      return value
    },
    counts(name: string, otherwise: readonly number[]): readonly number[] {
      const value = kwargs[name] ?? otherwise
      if (!Array.isArray(value) || !value.every(isCount)) throw wrong(name, 'a list of whole numbers')
      return value
    },
    text<const Name extends string>(name: string, known: readonly Name[], otherwise: Name): Name {
      const value = kwargs[name] ?? otherwise
      const found = known.find(one => one === value)
      if (found === undefined) throw wrong(name, known.join(' or '))
      return found
    }
  }
}
