import type { Free } from '../solvers/bns.js'
import type { Learns } from '../solvers/descriptor.js'

/** What the cost of a distillation depends on. */
export interface Effort {
  /** What is found for the student. */
  readonly learns: Learns
  readonly afs: boolean
  /** Evaluations of a step after the one at its start. */
  readonly points: number
  readonly learnsSigmas: boolean
  /** Whether the student scales the times that it evaluates at. */
  readonly scalesTime: boolean
  /** Steps of the student: time points less one. */
  readonly steps: number
  /** Trajectories. */
  readonly training: number
  readonly validation: number
  /** What time points are searched in: how many the teacher has, for so many steps of the student. */
  readonly grid?: { readonly points: number; readonly steps: number }
  /** Rows of each layer, of a student that is a table. */
  readonly table?: TableEffort
}

/** What is learned of a table: the rows of its layers, and those that its start has. */
export interface TableEffort {
  readonly layers: readonly number[]
  readonly startLayers: readonly number[]
  readonly free: Free
}

/** Evaluations of one sample over the first `steps` steps. */
export function walkCost({ afs, points }: Effort, steps: number): number {
  return steps * (points + 1) - (afs && steps > 0 ? 1 : 0)
}

/** Evaluations of one sample in probing one step's parameters as far as the step's end: its weights need none. */
export function probeCost({ points, scalesTime }: Effort): number {
  return points * (scalesTime ? 2 : 1)
}

/** Evaluations of one sample in probing all parameters from end to end: of each step, and of all that come after it. */
export function probeCostToEnd(effort: Effort): number {
  const { learns, points, steps, learnsSigmas } = effort
  const after = (points + 1) * ((steps * (steps - 1)) / 2)
  const parameters = learns === 'time-points' ? 0 : steps * probeCost(effort) + (probeCost(effort) + points) * after
  return parameters + (learnsSigmas ? (steps - 1) * points + after : 0)
}
