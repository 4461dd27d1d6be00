import type { Bound, Counted } from './descriptor.js'

/**
 * Parallel evaluations (NFE) of a solver on `numSteps` time points, as the paper counts them (arXiv 2507.14797, Section
 * 4.1). Where the last time point is a noise level of 0 (`zero`), the step to it is one evaluation.
 */
export function parallelNfe({ descriptor, options }: Bound, numSteps: number, zero = false): number {
  if (descriptor.nfe) return descriptor.nfe(options, { numSteps, zero })
  const { evaluationsAStep } = descriptor
  const corrects = descriptor.correctsLast?.(options, numSteps, zero) ?? false
  const lastStep = zero ? 1 : evaluationsAStep + (corrects ? 1 : 0)
  return evaluationsAStep * (numSteps - 2) + lastStep - (savesFirst({ options }) ? 1 : 0)
}

/** Whether the first gradient is known without an evaluation. */
export function savesFirst({ options }: Pick<Bound, 'options'>): boolean {
  return options.afs === true
}

/** Evaluations of one sample in each layer of evaluations that do not wait for each other. */
export function layersOf({ descriptor, options }: Bound, counted: Counted): readonly number[] {
  return descriptor.layers?.(options, counted) ?? Array.from({ length: counted.nfe }, () => 1)
}

/** Evaluations of one sample, parallel ones counted one by one; where it stops by itself, the most. */
export function evaluationsOf(solver: Bound, counted: Counted): number {
  const { descriptor, options } = solver
  return descriptor.evaluations?.(options, counted) ?? layersOf(solver, counted).reduce((sum, rows) => sum + rows, 0)
}

/** Evaluations of one sample in one step, parallel ones counted one by one. */
export function stepEvaluations(solver: Bound): number {
  return evaluationsOf(solver, { nfe: solver.descriptor.evaluationsAStep, numSteps: 2, zero: false })
}

/**
 * The most time points with which a solver takes exactly `nfe` parallel evaluations; undefined where no number of them
 * does.
 */
export function numStepsFor(solver: Bound, nfe: number, zero = false): number | undefined {
  return around(solver, nfe, zero).findLast(numSteps => parallelNfe(solver, numSteps, zero) === nfe)
}

/** The two numbers of parallel evaluations nearest to `nfe` that a solver can take; at least 1. */
export function nearestNfe(solver: Bound, nfe: number, zero = false): number[] {
  const possible = new Set(around(solver, nfe, zero).map(numSteps => parallelNfe(solver, numSteps, zero)))
  return [...possible]
    .filter(each => each >= 1)
    .sort((a, b) => Math.abs(a - nfe) - Math.abs(b - nfe))
    .slice(0, 2)
    .sort((a, b) => a - b)
}

/** Numbers of time points with which a solver comes near so many evaluations. A formula has two above 0. */
function around(solver: Bound, nfe: number, zero: boolean): number[] {
  const middle = Math.floor((nfe + (savesFirst(solver) ? 1 : 0)) / solver.descriptor.evaluationsAStep) + 1
  return [-1, 0, 1, 2].map(by => middle + by).filter(numSteps => numSteps >= (zero ? 3 : 2))
}
