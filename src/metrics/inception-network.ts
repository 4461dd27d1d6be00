import type { InceptionInput } from '../networks/inception-inputs.js'
import { LOCATION } from '../reading/location.js'
import type { KeySchemas } from '../reading/keys.js'
import type { FeatureNetwork } from './feature-network.js'

/** All preparations; the first is meant where none is named. */
export const INCEPTION_INPUTS: readonly InceptionInput[] = ['tensorflow', 'pytorch', 'clean']

const KEYS = {
  weights: {
    ...LOCATION,
    description:
      'Its weights as pytorch-fid publishes them (pt_inception-2015-12-05-6726825d.pth) or as NVIDIA does (inception-2015-12-05.pkl).',
    needed: true
  },
  preparation: {
    description:
      "How images become its input: tensorflow (TensorFlow 1's bilinear resizing, (x - 128) / 128: the paper's, EDM's and torch-fidelity's), pytorch (PyTorch's, 2x - 1: pytorch-fid's) or clean (Pillow's bicubic resizing, (x - 128) / 128: clean-fid's).",
    enum: INCEPTION_INPUTS,
    default: 'tensorflow'
  }
} as const satisfies KeySchemas

/** Inception-v3 of 2015, as FID uses it. */
export const inceptionNetwork: FeatureNetwork = {
  name: 'inception-v3',
  title: 'Inception-v3',
  description: 'Inception-v3 of 2015, as FID uses it.',
  keys: KEYS,
  words: '{ weights: ... }',
  looker: 'inception',
  dimensions: 2048,
  identity: ({ preparation }) => ({ preparation }),
  details: ({ weights, preparation }, assetDigest) => ({ weights: assetDigest(there(weights)), preparation }),
  prepared: ({ preparation }) => `prepared as ${preparation}`,
  mismatch: ([channels]) =>
    channels === 1 || channels === 3
      ? undefined
      : `looks at images of 1 or 3 channels, and this model's have ${channels}`,
  async open({ weights, preparation = KEYS.preparation.default }, { assetPath, ...options }) {
    const { openInception } = await import('./inception.js')
    return openInception({ ...options, weights: assetPath(there(weights)), preparation })
  }
}

function there(weights: string | undefined): string {
  if (weights !== undefined) return weights
  throw new RangeError("Inception-v3 has no weights of its own; name them in the spec's features")
}
