import { clipScoreMetric } from './clip-score.js'
import { fidMetric } from './fid.js'
import { classAccuracyMetric } from './class-accuracy.js'
import { frechetFashionMetric } from './frechet-fashion.js'
import { frechetPixelsMetric } from './frechet-pixels.js'
import { kidMetric } from './kid.js'
import type { MetricDescriptor } from './metric.js'
import { precisionMetric } from './precision.js'
import { psnrMetric } from './psnr.js'
import { recallMetric } from './recall.js'
import { rmseMetric } from './rmse.js'

/** All metrics, in the order of the columns of tables. */
export const METRICS: readonly MetricDescriptor[] = [
  rmseMetric,
  psnrMetric,
  fidMetric,
  kidMetric,
  precisionMetric,
  recallMetric,
  clipScoreMetric,
  frechetPixelsMetric,
  frechetFashionMetric,
  classAccuracyMetric
]

/** @throws RangeError for a name that a spec would not have got through with */
export function metricNamed(name: string, metrics: readonly MetricDescriptor[] = METRICS): MetricDescriptor {
  const metric = metrics.find(each => each.name === name)
  if (metric) return metric
  throw new RangeError(`there is no metric ${name}`)
}
