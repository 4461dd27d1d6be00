import { parametrisation } from '../models/parametrisation.js'
import { rangeOf, type Range } from '../solvers/range.js'

/** The range of a chain of 1,000 linear steps, which a spec for an ONNX file begins with. */
export function rangeOfSteps(): Range {
  const betas = { schedule: 'linear', start: 0.0001, end: 0.02, steps: 1000 } as const
  return rangeOf(parametrisation('epsilon', { type: 'steps', betas }))
}
