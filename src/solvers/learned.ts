import type { AmedPredictor } from './amed-predictor.js'
import type { Bound, Learns } from './descriptor.js'
import type { DyweightPredictor } from './dyweight.js'
import type { PasPredictor } from './pas-predictor.js'
import type { Predictor } from './predictor.js'
import type { Table } from './table.js'

/** Learned time points alone, of a solver without parameters of its own. */
export interface TimePoints {
  readonly sigmas: readonly number[]
}

/** Time points as what a model's network is told, whose noise levels the model knows. */
export interface TimeSteps {
  readonly timesteps: readonly number[]
}

/** What a distillation finds, for any kind of solver. */
export type Learned = Predictor | AmedPredictor | PasPredictor | Table | DyweightPredictor | TimePoints | TimeSteps

/** Whether a solver needs what is learned for it: it cannot be sampled with before. */
export function hasParameters(learns: Learns): boolean {
  return learns !== 'time-points' && learns !== 'nothing'
}

/** Whether what is learned brings time points of its own, so that a teacher needs to share the ends alone. */
export function bringsTimePoints(learns: Learns | undefined): boolean {
  return learns === 'time-points' || learns === 'table'
}

export function isAmed(learned: Learned): learned is AmedPredictor {
  return 'layers' in learned && !isTable(learned)
}

export function isTable(learned: Learned): learned is Table {
  return 'result' in learned && 'layers' in learned
}

export function isPas(learned: Learned): learned is PasPredictor {
  return 'coordinates' in learned
}

export function isEpd(learned: Learned): learned is Predictor {
  return 'r' in learned
}

/** A solver with what was learned for it among its options. */
export function withLearned({ descriptor, options }: Bound, learned: Learned): Bound {
  if (!hasParameters(descriptor.learns)) return { descriptor, options }
  return { descriptor, options: { ...options, [isTable(learned) ? 'table' : 'predictor']: learned } }
}

export function isDyweight(learned: Learned): learned is DyweightPredictor {
  return 'timeScales' in learned
}
