import { mappingWithAxes, orAxis, ref, type Definitions, type KeySchemas, type ValuesOf } from '../reading/keys.js'
import { LOCATION } from '../reading/location.js'

const KEYS = {
  weights: {
    ...LOCATION,
    description:
      'Its weights as pytorch-fid publishes them (pt_inception-2015-12-05-6726825d.pth) or as NVIDIA does (inception-2015-12-05.pkl).',
    needed: true
  },
  preparation: {
    description:
      "How images become its input: tensorflow (TensorFlow 1's bilinear resizing, (x - 128) / 128: the paper's and EDM's) or pytorch (PyTorch's, 2x - 1: pytorch-fid's).",
    enum: ['tensorflow', 'pytorch'],
    default: 'tensorflow'
  }
} as const satisfies KeySchemas

/** Inception-v3, by where its weights are (an absolute path, or an address) and how images become its input. */
export type FeatureSpec = ValuesOf<typeof KEYS>

export const FEATURES = ref<FeatureSpec>('features')

/** The definition of a network whose features are compared. */
export const FEATURE_DEFINITIONS: Definitions = {
  features: orAxis({
    title: 'a mapping with weights',
    description: 'Inception-v3 of 2015, as FID uses it.',
    ...mappingWithAxes(KEYS)
  })
}
