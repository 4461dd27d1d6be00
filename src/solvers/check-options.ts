import { highestOrder } from './base.js'
import type { Bound, SolverDescriptor } from './descriptor.js'
import { wantedOf } from './option-values.js'

/**
 * What is said of a solver that looks at the bottleneck of a model which shows none; undefined where nothing is wrong.
 */
export function lacksFeatures(
  { needsFeatures }: SolverDescriptor,
  model: { readonly features?: unknown }
): string | undefined {
  if (!needsFeatures || model.features) return undefined
  return "looks at the bottleneck of the model's network, which this model does not show"
}

/**
 * @throws RangeError for an option that the solver cannot have, with its range, and for a model that lacks what it
 *   looks at
 */
export function checkOptions({ descriptor, options }: Bound, model: { readonly features?: unknown }): void {
  for (const [key, schema] of Object.entries(descriptor.options)) {
    const value = options[key]
    const maximum = key === 'maxOrder' ? highestOrder(descriptor, options) : schema.maximum
    const wanted = value === undefined ? undefined : wantedOf(value, { ...schema, maximum })
    if (wanted !== undefined)
      throw new RangeError(`${descriptor.name}: ${key} must be ${wanted}, found ${String(value)}`)
  }
  const lacking = lacksFeatures(descriptor, model)
  if (lacking !== undefined) throw new RangeError(`${descriptor.name}: ${lacking}`)
}
