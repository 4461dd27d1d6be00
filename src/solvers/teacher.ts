import { flowSigma, flowTime } from './coordinates.js'
import { positive, schedule, type ScheduleOptions } from './schedule.js'

/** How a teacher refines a student's grid. */
export interface Refinement {
  /** The paper's M: time points put into each of the student's intervals by the student's own schedule. */
  readonly refine: number
  /** Steps in each interval of the refined grid, placed by the polynomial schedule (rho 7) between its ends. */
  readonly substeps: number
}

/**
 * A teacher's time points: the student's schedule above 0 with (refine + 1)(numSteps - 1) + 1 points, each interval
 * cut into `substeps`. The intervals of an explicit schedule have no formula: each is cut into (refine + 1) substeps.
 * The student's own time points are `every` places apart among them.
 * @param grid the student's schedule
 * @param refinement how many points are put into each interval, and how many steps each part takes
 */
export function teacherGrid(
  grid: ScheduleOptions,
  { refine, substeps }: Refinement
): { sigmas: Float64Array; every: number } {
  const every = (refine + 1) * substeps
  if (grid.type === 'explicit') return { sigmas: inSteps(positive(schedule(grid)), every), every }
  const numSteps = grid.finalSigma === 'zero' ? grid.numSteps - 1 : grid.numSteps
  const refined = schedule({ ...grid, finalSigma: undefined, numSteps: (refine + 1) * (numSteps - 1) + 1 })
  return { sigmas: inSteps(refined, substeps), every }
}

function inSteps(sigmas: Float64Array, substeps: number): Float64Array {
  const all = [sigmas[0]]
  for (let i = 0; i + 1 < sigmas.length; i++) all.push(...cut(sigmas[i], sigmas[i + 1], substeps))
  return Float64Array.from(all)
}

/** The same from infinite noise, where no power of sigma falls evenly: steps of one size in the time of a flow. */
function cutInTime(last: number, substeps: number): number[] {
  return Array.from({ length: substeps }, (_, i) => flowSigma(1 + ((i + 1) / substeps) * (last - 1)))
}

/** The time points after the first of `substeps` steps from sigmaMax to sigmaMin. */
function cut(sigmaMax: number, sigmaMin: number, substeps: number): number[] {
  if (sigmaMax === Infinity) return cutInTime(flowTime(sigmaMin), substeps)
  const points = schedule({ type: 'polynomial', rho: 7, numSteps: substeps + 1, sigmaMin, sigmaMax })
  return [...points.subarray(1, substeps), sigmaMin]
}
