import type { Denoiser } from '../models/denoiser.js'
import { noise } from '../solvers/noise.js'
import type { SolverOptions } from '../solvers/options.js'
import type { ScheduleOptions } from '../solvers/schedule.js'
import { solve } from '../solvers/solve.js'
import { teacherGrid, type Refinement } from '../solvers/teacher.js'
import type { Trajectories } from './trajectories.js'

/** A solver on a refined grid, whose states a student is to reach. */
export interface Teacher extends Refinement {
  readonly solver: SolverOptions
  /** The student's schedule. */
  readonly grid: ScheduleOptions
  /** Which states are kept: those at the student's time points (default), or also those that `refine` puts between. */
  readonly keep?: 'refined'
}

export interface TeachOptions {
  readonly model: Denoiser
  readonly teacher: Teacher
  readonly seeds: readonly number[]
  readonly batchSize?: number
  readonly signal?: AbortSignal
}

/** Where a teacher leads each seed, and the evaluations of single samples that this took. */
export async function teach(options: TeachOptions): Promise<{ trajectories: Trajectories; evaluations: number }> {
  const { model, teacher, seeds, batchSize, signal } = options
  const { sigmas, every } = teacherGrid({ ...teacher.grid, model }, teacher)
  const { x, condition } = noise(seeds, model, sigmas[0], undefined, teacher.grid.noiseScale)
  const solved = await solve({ model, solver: teacher.solver, x, sigmas, condition, batchSize, signal })
  const refined = teacher.keep === 'refined'
  const apart = refined ? teacher.substeps : every
  const kept = (_: unknown, i: number) => i % apart === 0
  const states = solved.trajectory.filter(kept)
  return {
    trajectories: { seeds, states, condition, ...(refined && { sigmas: sigmas.filter(kept) }) },
    evaluations: solved.evaluations * seeds.length
  }
}
