/** What a solver's cost depends on. */
export interface Costed {
  readonly name: 'euler' | 'heun' | 'dpm2' | 'ipndm' | 'dpmpp' | 'unipc' | 'deis' | 'epd' | 'amed'
  /** Whether the first gradient is known without an evaluation. */
  readonly afs: boolean
  readonly maxOrder?: number
  /** Whether unipc corrects its last state by an evaluation of its own whatever the steps. */
  readonly correctLast?: boolean
}

/** Parallel evaluations in one step; EPD's points count as one, being evaluated at once. */
const A_STEP: Readonly<Record<Costed['name'], number>> = {
  ...{ euler: 1, ipndm: 1, dpmpp: 1, unipc: 1, deis: 1 },
  ...{ heun: 2, dpm2: 2, epd: 2, amed: 2 }
}

export function evaluationsAStep(name: Costed['name']): number {
  return A_STEP[name]
}

/**
 * Parallel evaluations (NFE) of a solver on `numSteps` time points, as the paper counts them (arXiv 2507.14797, Section 4.1). Where the
 * last time point is a noise level of 0, the step to it is one evaluation.
 */
export function parallelNfe(
  { name, afs, maxOrder = 3, correctLast = false }: Costed,
  numSteps: number,
  zero = false
): number {
  const corrects = name === 'unipc' && (numSteps <= maxOrder || correctLast)
  const lastStep = zero ? 1 : A_STEP[name] + (corrects ? 1 : 0)
  return A_STEP[name] * (numSteps - 2) + lastStep - (afs ? 1 : 0)
}

/** The most time points with which a solver takes exactly `nfe` parallel evaluations; undefined where no number of them does. */
export function numStepsFor(solver: Costed, nfe: number, zero = false): number | undefined {
  return around(solver, nfe, zero).findLast(numSteps => parallelNfe(solver, numSteps, zero) === nfe)
}

/** The two numbers of parallel evaluations nearest to `nfe` that a solver can take; at least 1. */
export function nearestNfe(solver: Costed, nfe: number, zero = false): number[] {
  const possible = new Set(around(solver, nfe, zero).map(numSteps => parallelNfe(solver, numSteps, zero)))
  return [...possible]
    .filter(each => each >= 1)
    .sort((a, b) => Math.abs(a - nfe) - Math.abs(b - nfe))
    .slice(0, 2)
    .sort((a, b) => a - b)
}

/** Numbers of time points with which a solver comes near so many evaluations. A formula has two above 0. */
function around({ name, afs }: Costed, nfe: number, zero: boolean): number[] {
  const middle = Math.floor((nfe + (afs ? 1 : 0)) / A_STEP[name]) + 1
  return [-1, 0, 1, 2].map(by => middle + by).filter(numSteps => numSteps >= (zero ? 3 : 2))
}
