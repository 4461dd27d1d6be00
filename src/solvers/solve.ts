import type { Condition, Denoiser } from '../models/denoiser.js'
import { drive } from './driver.js'
import { start, type SolverOptions } from './options.js'

export interface SolveOptions {
  readonly model: Denoiser
  readonly solver: SolverOptions
  /** The state at sigmas[0], [batch, ...shape]: latents times sigmas[0]. */
  readonly x: Float64Array
  /** Decreasing time points, as `schedule` gives them. */
  readonly sigmas: Float64Array
  readonly condition?: Condition
  /** The most samples that the model is given at once. */
  readonly batchSize?: number
  readonly signal?: AbortSignal
}

export interface Solution {
  /** The state at the last time point. */
  readonly x: Float64Array
  /** trajectory[i]: the state at sigmas[i]. */
  readonly trajectory: Float64Array[]
  /** Parallel NFE: how many evaluations had to wait for each other. */
  readonly nfe: number
  /** Evaluations a sample. */
  readonly evaluations: number
}

/** Solves the probability flow ODE from x at sigmas[0] to the last of `sigmas`. */
export async function solve(options: SolveOptions): Promise<Solution> {
  const { model, solver, x, sigmas, condition, batchSize, signal } = options
  const size = model.shape[0] * model.shape[1] * model.shape[2]
  if (x.length === 0 || x.length % size !== 0)
    throw new RangeError(`solve: x must hold whole samples of ${model.shape.join('x')}, found ${x.length} numbers`)
  if (solver.name === 'epd' && solver.predictor.r.length !== sigmas.length - 1)
    throw new RangeError(
      `solve: the predictor has ${solver.predictor.r.length} steps, ${sigmas.length} time points need ${sigmas.length - 1}`
    )
  const trajectory: Float64Array[] = []
  const run = start(solver, { x, sigmas, trajectory })
  const [outcome] = await drive([{ run, condition }], { model, batchSize, signal })
  return { x: outcome.x, trajectory, nfe: outcome.nfe, evaluations: outcome.evaluations / (x.length / size) }
}
