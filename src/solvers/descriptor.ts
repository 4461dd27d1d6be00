import type { KeySchema, ValuesOf } from '../reading/keys.js'
import type { Multistep } from './multistep.js'
import type { Problem, SolverRun } from './solver.js'

/** Options by their names, as a solver is given them. */
export type Options = Readonly<Record<string, unknown>>

/** The JSON Schema of one option, as it stands in a spec. */
export interface OptionSchema extends KeySchema {
  /** Full sentences: what the option does, and its unit or range. */
  readonly description: string
}

/** The JSON Schemas of a solver's options, by their names. */
export type OptionSchemas = Readonly<Record<string, OptionSchema>>

/** The options that schemas describe, with the values of those that are left out. */
export type OptionsOf<Schemas extends OptionSchemas> = ValuesOf<Schemas>

/**
 * What is learned for a solver: the parameters of parallel points (a `Predictor`), a network that predicts each
 * sample's parameters (an `AmedPredictor`), all its numbers (a `Table`), weights of gradients (a `DyweightPredictor`),
 * coordinates of its directions (a `PasPredictor`), its time points alone, or nothing.
 */
export type Learns = 'points' | 'network' | 'table' | 'weights' | 'coordinates' | 'time-points' | 'nothing'

/** What a solver's number of evaluations depends on, beside its options. */
export interface Counted {
  /** Parallel evaluations, one after the other. */
  readonly nfe: number
  /** Time points, both ends included. */
  readonly numSteps: number
  /** Whether the last of them is a noise level of 0. */
  readonly zero: boolean
}

/**
 * All that is to be known of a solver. Those of the project are listed in `registry`; others are given to `solve`
 * themselves, or named by the `plugins` of a spec. `Own` are the options that the schemas describe, `Given` what is
 * given beside them, as what was learned.
 */
export interface SolverDescriptor<
  Name extends string = string,
  Own = Options,
  What extends Learns = Learns,
  Given = unknown
> {
  /** What specs and stored results call the solver: lower-case letters, digits and dashes, after a letter. */
  readonly name: Name
  /** One sentence: the method, its order, and how many evaluations a step takes. */
  readonly title: string
  /**
   * The options, each by its JSON Schema. `afs`, if there is one, says that the first gradient is known without an
   * evaluation; `coordinates`, that it is run in those of flow matching where they are `flow`.
   */
  readonly options: OptionSchemas
  /**
   * The highest order of accuracy, on smoothly graded time points and with whatever options; absent where it is that of
   * what was learned.
   */
  readonly order?: number
  /** Parallel evaluations in one step: those that wait for each other. */
  readonly evaluationsAStep: number
  /** Whether the last time point may be a noise level of 0. The step to it is then one evaluation. */
  readonly reachesZero: boolean
  readonly learns: What
  /** Whether what it needs comes from files alone: no distillation finds it. */
  readonly onlyImported?: true
  /** Whether each sample is solved by itself, since its time points, or how many evaluations it takes, are its own. */
  readonly oneByOne?: true
  /**
   * Whether time points are its own, so that it is given the noise levels of its ends alone. How many states it reaches
   * is its own then too.
   */
  readonly ownTimePoints?: true
  /** Whether the model has to show its bottleneck (`Denoiser.features`). */
  readonly needsFeatures?: true
  /** Whether a teacher stage may take its small steps with the solver, and which options it cannot have there. */
  readonly teaches?: { readonly without: readonly string[] }
  /**
   * Only of a solver that stops by itself: what a spec's `nfe`, which is then a bound, and its `numSteps` mean. Both
   * are given.
   */
  readonly stopsItself?: { readonly nfe: string; readonly numSteps: string }
  /** What is to be added to the description of `nfe`. */
  readonly nfeNote?: string
  /** Whether the state at the last time point above 0 takes one evaluation more than the steps to it; default: no. */
  correctsLast?(options: Own, numSteps: number, zero: boolean): boolean
  /** Parallel NFE of a solver whose layers its options count; default: by `evaluationsAStep`. */
  nfe?(options: Own, counted: Pick<Counted, 'numSteps' | 'zero'>): number
  /** Evaluations of one sample in each of its `nfe` layers, the first layer first; default: one each. */
  layers?(options: Own, counted: Counted): readonly number[]
  /** The most evaluations of one sample, of a solver that stops by itself; default: those of its layers. */
  evaluations?(options: Own, counted: Counted): number
  /**
   * Why the solver is not linear in its starting noise and the model's answers with these options, and what would make
   * it so, as a phrase; absent: it is.
   */
  nonlinear?(options: Own): string | undefined
  /** @throws RangeError where the options do not fit the time points */
  checkTimePoints?(options: Own & Given, sigmas: Float64Array): void
  /** The multistep method that the solver is, if it is one: EPD and AMED can be plugged into those of the project. */
  method?(problem: MethodProblem, options: Own): Multistep
  /** Starts the solver on a problem; default: the method's steps, one evaluation each. */
  start?(problem: Problem, options: Own & Given): SolverRun
}

/** What a multistep method may know of a problem before it starts. */
export type MethodProblem = Pick<Problem, 'samples' | 'sigmas'>

/** A solver with its options. Those that are left out have their defaults. */
export interface BoundSolver {
  readonly descriptor: SolverDescriptor
  readonly options?: Options
}

/** A solver with all its options. */
export interface Bound extends BoundSolver {
  readonly options: Options
}
