import { frechetOfFeatures } from './frechet-features.js'

export const fidMetric = frechetOfFeatures({
  name: 'fid',
  title: "Frechet distance between the distributions of Inception's features",
  digits: { decimals: 2 },
  network: 'inception-v3'
})
