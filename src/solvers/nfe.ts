/** What a solver's cost depends on. */
export interface Costed {
  readonly name: 'euler' | 'heun' | 'dpm2' | 'ipndm' | 'dpmpp' | 'unipc' | 'deis' | 'epd' | 'amed'
  /** Whether the first gradient is known without an evaluation. */
  readonly afs: boolean
  readonly maxOrder?: number
}

/** Parallel evaluations in one step; EPD's points count as one, being evaluated at once. */
const A_STEP: Readonly<Record<Costed['name'], number>> = {
  ...{ euler: 1, ipndm: 1, dpmpp: 1, unipc: 1, deis: 1 },
  ...{ heun: 2, dpm2: 2, epd: 2, amed: 2 }
}

export function evaluationsAStep(name: Costed['name']): number {
  return A_STEP[name]
}

/** Parallel evaluations (NFE) of a solver on `numSteps` time points, as the paper counts them (arXiv 2507.14797, Section 4.1). */
export function parallelNfe({ name, afs, maxOrder = 3 }: Costed, numSteps: number): number {
  const correctsLast = name === 'unipc' && numSteps <= maxOrder
  return A_STEP[name] * (numSteps - 1) - (afs ? 1 : 0) + (correctsLast ? 1 : 0)
}

/** The most time points with which a solver takes exactly `nfe` parallel evaluations; undefined where no number of them does. */
export function numStepsFor(solver: Costed, nfe: number): number | undefined {
  return around(solver, nfe).findLast(numSteps => parallelNfe(solver, numSteps) === nfe)
}

/** The two numbers of parallel evaluations nearest to `nfe` that a solver can take; at least 1. */
export function nearestNfe(solver: Costed, nfe: number): number[] {
  const possible = new Set(around(solver, nfe).map(numSteps => parallelNfe(solver, numSteps)))
  return [...possible]
    .filter(each => each >= 1)
    .sort((a, b) => Math.abs(a - nfe) - Math.abs(b - nfe))
    .slice(0, 2)
    .sort((a, b) => a - b)
}

/** Numbers of time points with which a solver comes near so many evaluations. */
function around({ name, afs }: Costed, nfe: number): number[] {
  const middle = Math.floor((nfe + (afs ? 1 : 0)) / A_STEP[name]) + 1
  return [-1, 0, 1, 2].map(by => middle + by).filter(numSteps => numSteps >= 2)
}
