import type { Decoder } from '../models/decoder.js'
import type { FeatureLooker } from '../metrics/feature-network.js'
import type { View } from './objective.js'

/** alpha of the paper's code. */
const ALPHA = 10

/**
 * The loss of the paper's last step (arXiv 2507.14797, as its code has it): 10 times the mean squared difference of a
 * network's features, Inception's in the paper, of the images, clipped to what images hold; latents are decoded first.
 */
export function featureView(looker: FeatureLooker, decoder?: Decoder): View {
  return async (samples, count) => {
    const images = decoder ? Float64Array.from(await decoder.decode(samples, count)) : samples
    const features = await looker.smoothFeatures(images, count)
    return Float64Array.from(features, value => Math.sqrt(ALPHA) * value)
  }
}
