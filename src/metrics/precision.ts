import { shareMetric } from './precision-recall.js'

export const precisionMetric = shareMetric('precision', 'share of the samples that lie near an image of the reference')
