import { shareMetric } from './precision-recall.js'

export const recallMetric = shareMetric('recall', "share of the reference's images that lie near a sample")
