import { schedule, type ScheduleOptions } from './schedule.js'

/** How a teacher refines a student's grid. */
export interface Refinement {
  /** The paper's M: time points put into each of the student's intervals by the student's own schedule. */
  readonly refine: number
  /** Steps in each interval of the refined grid, placed by the polynomial schedule (rho 7) between its ends. */
  readonly substeps: number
}

/**
 * A teacher's time points: the student's schedule with (refine + 1)(numSteps - 1) + 1 points, each interval cut into
 * `substeps`. `every` of them apart are the student's own time points.
 */
export function teacherGrid(
  grid: ScheduleOptions,
  { refine, substeps }: Refinement
): { sigmas: Float64Array; every: number } {
  const refined = schedule({ ...grid, numSteps: (refine + 1) * (grid.numSteps - 1) + 1 })
  const sigmas = [refined[0]]
  for (let i = 0; i + 1 < refined.length; i++) sigmas.push(...cut(refined[i], refined[i + 1], substeps))
  return { sigmas: Float64Array.from(sigmas), every: (refine + 1) * substeps }
}

/** The time points after the first of `substeps` steps from sigmaMax to sigmaMin. */
function cut(sigmaMax: number, sigmaMin: number, substeps: number): number[] {
  const points = schedule({ type: 'polynomial', rho: 7, numSteps: substeps + 1, sigmaMin, sigmaMax })
  return [...points.subarray(1, substeps), sigmaMin]
}
