import type { Ops } from '../engines/ops.js'
import { conv2d, groupNorm, linear } from './layers.js'

/** The side of an image of Fashion-MNIST, in pixels. */
export const FASHION_SIDE = 28
export const FASHION_CLASSES = 10
/** Features of an image. */
export const FASHION_FEATURES = 128

/** Channels behind each convolution, and whether the image is halved after it. */
const LAYERS = [
  { out: 32, halved: false },
  { out: 32, halved: true },
  { out: 64, halved: false },
  { out: 64, halved: true },
  { out: FASHION_FEATURES, halved: false }
] as const

/**
 * The classifier of Fashion-MNIST that models/fashion28/classifier.py trains. x: [batch, 1, 28, 28], -1 to 1; it
 * answers the features before its last layer, [batch, 128], and logits, [batch, 10]. Names are those of its state dict.
 */
export function fashionClassifier<T>(ops: Ops<T>, x: T): { readonly features: T; readonly logits: T } {
  let h = x
  for (const [i, { out, halved }] of LAYERS.entries()) {
    h = conv2d(ops, `convs.${i}`, h, { out, kernel: 3 })
    h = ops.silu(groupNorm(ops, `norms.${i}`, h, 8, 1e-5))
    if (halved) h = ops.averagePool(h, { size: 2, stride: 2 })
  }
  const [, , side] = ops.shape(h)
  const features = ops.reshape(ops.averagePool(h, { size: side, stride: side }), [0, FASHION_FEATURES])
  return { features, logits: linear(ops, 'last', features, FASHION_CLASSES) }
}
