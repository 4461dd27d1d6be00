/** What a solver's cost depends on. */
export interface Costed {
  readonly name: 'euler' | 'heun' | 'dpm2' | 'ipndm' | 'epd'
  /** Whether the first gradient is known without an evaluation. */
  readonly afs: boolean
}

/** Parallel evaluations in one step; EPD's points count as one, being evaluated at once. */
const A_STEP: Readonly<Record<Costed['name'], number>> = { euler: 1, ipndm: 1, heun: 2, dpm2: 2, epd: 2 }

/** Parallel evaluations (NFE) of a solver on `numSteps` time points, as the paper counts them (arXiv 2507.14797, Section 4.1). */
export function parallelNfe({ name, afs }: Costed, numSteps: number): number {
  return A_STEP[name] * (numSteps - 1) - (afs ? 1 : 0)
}

/** The time points with which a solver takes exactly `nfe` parallel evaluations; undefined where no number of them does. */
export function numStepsFor({ name, afs }: Costed, nfe: number): number | undefined {
  const numSteps = (nfe + (afs ? 1 : 0)) / A_STEP[name] + 1
  return Number.isInteger(numSteps) && numSteps >= 2 ? numSteps : undefined
}

/** The numbers of parallel evaluations nearest to `nfe`, below and above, that a solver can take; at least 1. */
export function nearestNfe(solver: Costed, nfe: number): number[] {
  const before = Math.max(2, Math.floor((nfe + (solver.afs ? 1 : 0)) / A_STEP[solver.name]) + 1)
  return [before, before + 1].map(numSteps => parallelNfe(solver, numSteps)).filter(each => each >= 1)
}
