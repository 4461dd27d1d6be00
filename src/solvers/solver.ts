/** One evaluation of the denoiser for a whole batch. x: [batch, ...shape]; sigma: one for all, or one a sample. */
export interface Evaluation {
  readonly x: Float64Array
  readonly sigma: number | Float64Array
  readonly features?: true
}

/** The answer to an Evaluation. features: the network's bottleneck, where it was asked for. */
export interface Evaluated {
  readonly denoised: Float64Array
  readonly features?: Float64Array
}

/** The state at a time point, as a solver has reached it. */
export interface Reached {
  readonly reached: Float64Array
}

/**
 * A solver at work. It yields the evaluations that it needs next, all independent of each other, and is sent back their
 * results in the same order: one such yield is one parallel NFE. As soon as it knows the state at a time point, x at
 * the first one included, it yields that, to which there is no answer. It returns the state at the last time point.
 */
export type SolverRun = Generator<readonly Evaluation[] | Reached, Float64Array, readonly Evaluated[]>

/** What every solver is given. */
export interface Problem {
  /** [batch, ...shape], the state at sigmas[0]; not modified. */
  readonly x: Float64Array
  /** How many samples x holds. */
  readonly samples: number
  /** Decreasing time points. */
  readonly sigmas: Float64Array
}
