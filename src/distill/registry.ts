import { adam } from './adam.js'
import type { AdamOptions } from './adam-options.js'
import { amedTraining } from './amed.js'
import type { LevenbergMarquardtOptions } from './levenberg-marquardt-state.js'
import { levenbergMarquardt } from './levenberg-marquardt.js'
import type { Subject } from './optimiser.js'

/** All optimisers. The first that learns a subject is its default. */
const OPTIMISERS = [levenbergMarquardt, adam, amedTraining] as const

export type OptimiserEntry = (typeof OPTIMISERS)[number]

export type OptimizerOptions = LevenbergMarquardtOptions | AdamOptions

/** Options with their defaults, as an experiment states them. */
export type OptimizerSpec = ReturnType<OptimiserEntry['specify']>

/** The optimisers that learn a subject, and where they are asked to, time points; the default one first. */
export function optimisersOf(subject: Subject, learnSigmas = false): readonly OptimiserEntry[] {
  return OPTIMISERS.filter(({ subjects, learnsSigmas }) => subjects.includes(subject) && (learnsSigmas || !learnSigmas))
}

/** The optimiser of a name that learns a subject; without a name, the subject's default. */
export function optimiserOf(subject: Subject, name?: string): OptimiserEntry | undefined {
  return optimisersOf(subject).find(optimiser => name === undefined || optimiser.name === name)
}

/** Names of optimisers, as a message lists them. */
export function namesOf(optimisers: readonly OptimiserEntry[]): string {
  return optimisers.map(({ name }) => name).join(' or ')
}
