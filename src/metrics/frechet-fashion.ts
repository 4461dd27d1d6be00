import { TESTS, TRAINING } from './fashion28.js'
import { frechetOfFeatures } from './frechet-features.js'

/** Its values are far from those of fid, whose features are other ones, so that it has a name of its own. */
export const frechetFashionMetric = frechetOfFeatures({
  name: 'frechet-fashion',
  title: "Frechet distance between the distributions of the features of fashion28's classifier",
  digits: { significant: 4 },
  network: 'fashion28',
  real: { truth: TRAINING, others: TESTS }
})
