import { listed } from '../reading/problem.js'
import type { Definitions } from '../reading/keys.js'
import type { MetricDescriptor } from './metric.js'

/** The definition of a list of metrics by their names. */
export function metricDefinitions(metrics: readonly MetricDescriptor[]): Definitions {
  const names = metrics.map(({ name }) => name)
  const words = metrics.map(({ name, title }) => `${name} (${title})`)
  return {
    metrics: {
      title: `a list of ${listed(names)}`,
      description: `What is measured: ${listed(words)}. A score that is not a finite number is an error.`,
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { enum: names }
    }
  }
}
