import { FEATURES } from '../metrics/feature-keys.js'
import { mappingWithAxes, ref, typed, type KeySchemas, type ValuesOf } from '../reading/keys.js'
import { LOCATION } from '../reading/location.js'
import { STAGE_NAME } from './spec.js'

const DATASET = {
  name: {
    description: 'The data set: shapes16, which comes with the project.',
    enum: ['shapes16'],
    needed: true,
    fixed: true
  },
  count: {
    description: 'How many of its images, from the first.',
    type: 'integer',
    minimum: 2,
    maximum: 10_000_000,
    default: 50_000
  }
} as const satisfies KeySchemas

/** The keys of a score stage. */
export const SCORE_KEYS = {
  samples: {
    ...typed<readonly string[]>()({
      title: 'a list of sample stages',
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: STAGE_NAME
    }),
    description: 'The sample stages to score.',
    needed: true,
    fixed: true
  },
  reference: {
    ...STAGE_NAME,
    description:
      'The sample stage whose images of the same seeds are the truth of psnr and rmse; also of frechet-pixels, where no data set is given, and of kid, precision and recall, and of fid where no statistics are given.'
  },
  features: {
    ...FEATURES,
    description: 'The network whose features fid, kid, precision, recall and frechet-fashion compare.'
  },
  statistics: {
    ...LOCATION,
    description:
      'Mean and covariance (mu, sigma) of the features of real images, the truth of fid, and of frechet-fashion in place of the training images: an .npz as EDM publishes them, made with the same network and preparation. A file that holds no covariance within rounding, or one of another number of dimensions than the network has features, is refused before the first stage.'
  },
  clip: {
    ...LOCATION,
    description:
      'The CLIPModel that clip-score is measured with: its folder, as transformers saves it with its tokeniser, or its repository on Hugging Face, such as hf:openai/clip-vit-large-patch14.'
  },
  dataset: {
    ...mappingWithAxes(DATASET),
    description: 'The data set whose pixel statistics are the truth of frechet-pixels.',
    fixed: true
  },
  groups: {
    description:
      "Equal parts of each sample stage's seeds, in their order, that fid or frechet-fashion is measured on one by one: its value is their mean, and the least and the spread are noted beside it.",
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    default: 1
  },
  metrics: { ...ref<readonly string[]>('metrics'), needed: true }
} as const satisfies KeySchemas

/** A score stage as a spec writes it. */
export type RawScore = ValuesOf<typeof SCORE_KEYS>
