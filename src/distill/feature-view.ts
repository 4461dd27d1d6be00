import type { Decoder } from '../models/decoder.js'
import type { Inception } from '../metrics/inception.js'
import type { View } from './objective.js'

/** alpha of the paper's code. */
const ALPHA = 10

/**
 * The loss of the paper's last step (arXiv 2507.14797, as its code has it): 10 times the mean squared difference of
 * Inception's features of the images, clipped to 0..255; latents are decoded first.
 */
export function featureView(inception: Inception, decoder?: Decoder): View {
  return async (samples, count) => {
    const images = decoder ? Float64Array.from(await decoder.decode(samples, count)) : samples
    const features = await inception.smoothFeatures(images, count)
    return Float64Array.from(features, value => Math.sqrt(ALPHA) * value)
  }
}
