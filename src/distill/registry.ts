import type { Learns } from '../solvers/descriptor.js'
import { adam } from './adam.js'
import type { AdamOptions, AdamSpec } from './adam-options.js'
import { amedTraining } from './amed.js'
import type { LevenbergMarquardtOptions, LevenbergMarquardtSpec } from './levenberg-marquardt-state.js'
import { levenbergMarquardt } from './levenberg-marquardt.js'
import { pasFit, type LeastSquaresOptions, type LeastSquaresSpec } from './pas.js'
import { search, type SearchOptions, type SearchSpec } from './search.js'
import { tableAdam } from './table-adam.js'
import { tableLevenbergMarquardt, type TableFitSpec } from './table-levenberg-marquardt.js'

/** All optimisers. The first that learns something is the default for it. */
const OPTIMISERS = [levenbergMarquardt, tableLevenbergMarquardt, adam, tableAdam, amedTraining, pasFit, search] as const

export type OptimiserEntry = (typeof OPTIMISERS)[number]

/** An optimiser by its name, with its options. */
export type OptimizerOptions = LevenbergMarquardtOptions | AdamOptions | LeastSquaresOptions | SearchOptions

/** Options with their defaults, as an experiment states them. */
export type OptimizerSpec = LevenbergMarquardtSpec | TableFitSpec | AdamSpec | LeastSquaresSpec | SearchSpec

/**
 * The optimisers that learn what a solver needs, and where they are asked to, its time points; the default one first.
 */
export function optimisersOf(learns: Learns, learnSigmas = false): readonly OptimiserEntry[] {
  return OPTIMISERS.filter(optimiser => optimiser.learns.includes(learns) && (optimiser.learnsSigmas || !learnSigmas))
}

/** The optimiser of a name that learns what a solver needs; without a name, the default one. */
export function optimiserOf(learns: Learns, name?: string): OptimiserEntry | undefined {
  return optimisersOf(learns).find(optimiser => name === undefined || optimiser.name === name)
}

/** Names of optimisers, as a message lists them. */
export function namesOf(optimisers: readonly OptimiserEntry[]): string {
  return optimisers.map(({ name }) => name).join(' or ')
}
