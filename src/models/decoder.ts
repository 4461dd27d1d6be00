import { compiledNetwork } from '../engines/onnx/network.js'
import { openNetwork, type NetworkOptions } from '../engines/open.js'
import { EpdError } from '../errors.js'
import { decoderRecipe, LATENTS, type DecoderConfig } from '../networks/autoencoder.js'
import type { Shape } from './denoiser.js'

/** The first stage of a latent diffusion model, as far as samples need it. */
export interface Decoder {
  /** The shape of an image. */
  readonly shape: Shape
  /** The SHA-256 over graph and weights. */
  readonly digest: string
  /** The number that latents are divided by before they are decoded. */
  readonly scale: number
  readonly engine: string
  /** Images, -1 to 1 and a little beyond, of `count` latents as a denoiser answers them. */
  decode(latents: Float64Array, count: number): Promise<Float32Array>
  /** Ends what runs the decoder. */
  close(): Promise<void>
}

/** @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed` */
export async function openDecoder({
  config,
  scale,
  ...options
}: Omit<NetworkOptions, 'recipe'> & { readonly config: DecoderConfig; readonly scale: number }): Promise<Decoder> {
  const recipe = decoderRecipe(config)
  const { graph } = await compiledNetwork({ ...options, recipe })
  const { engine, session, close } = await openNetwork({ ...options, recipe })
  const { latentChannels, outChannels, channels, size } = config
  const [height, width] = size.map(side => side << (channels.length - 1))
  return {
    ...{ shape: [outChannels, height, width], digest: graph, scale, engine, close },
    async decode(latents, count) {
      const running = await session()
      const data = Float32Array.from(latents, value => value / scale)
      const [images] = await running.run([{ name: LATENTS, shape: [count, latentChannels, ...size], data }])
      if (!images.every(Number.isFinite))
        throw new EpdError(
          'model-output',
          'the decoder answered numbers that are not finite: its weights or its latents are not'
        )
      return Float32Array.from(images)
    }
  }
}
