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

/**
 * A solver at work: it yields the evaluations that it needs next, all independent of each other, and is sent back their
 * results in the same order. One yield is one parallel NFE. It returns the state at the last time point.
 */
export type SolverRun = Generator<readonly Evaluation[], Float64Array, readonly Evaluated[]>

/** What every solver is given. */
export interface Problem {
  /** [batch, ...shape], the state at sigmas[0]; not modified. */
  readonly x: Float64Array
  /** How many samples x holds. */
  readonly samples: number
  /** Decreasing time points. */
  readonly sigmas: Float64Array
  /** Receives the state at each time point as soon as it is known, x itself first. */
  readonly trajectory: Float64Array[]
}
