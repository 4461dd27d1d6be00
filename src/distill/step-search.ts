import { add, analyticalGradient, toD } from '../solvers/march.js'
import type { Evaluated, SolverRun } from '../solvers/solver.js'
import { squaredDifference } from './objective.js'

/** What the steps of one sample are searched in. */
export interface StepSearch {
  /** The teacher's states at the noise levels, the noise that all starts from first. */
  readonly states: readonly Float64Array[]
  /** Falling noise levels. */
  readonly sigmas: ArrayLike<number>
  /** Steps from the first noise level to the last, at most one between each two. */
  readonly steps: number
  /** Whether the first gradient is taken as the analytical one. */
  readonly afs: boolean
}

/** The places of noise levels that steps lead to one after the other, 0 first, and where they end. */
export interface FoundSteps {
  readonly path: readonly number[]
  /** Mean squared difference of the end to the teacher's. */
  readonly loss: number
}

/** A state that some steps lead to, and the place of the noise level that the last of them comes from. */
interface Reached {
  readonly x: Float64Array
  readonly from: number
}

/**
 * The steps of Euler's method with which one sample stays nearest to its teacher (Pei et al. 2025, arXiv 2503.21774):
 * after each number of steps every noise level has the state nearest to the teacher's there, of all that one more step
 * leads to. From where that came is followed back from the end. Each step is one parallel NFE, of one evaluation for
 * each noise level from which the rest can still be done. Of two that are equally near the earlier one is taken.
 */
export function* searchedSteps(
  { states, sigmas, steps, afs }: StepSearch,
  found: (steps: FoundSteps) => void
): SolverRun {
  const last = states.length - 1
  const layers: ReadonlyMap<number, Reached>[] = [new Map([[0, { x: states[0], from: 0 }]])]
  for (let step = 1; step <= steps; step++) {
    const left = steps - step
    const sources = [...layers[step - 1]].filter(([i]) => i < last - left)
    const asked = sources.map(([i, { x }]) => ({ x, sigma: sigmas[i] }))
    const answered: readonly Evaluated[] = afs && step === 1 ? [] : yield asked
    const starts = sources.map(([i, { x }], k) => ({
      i,
      x,
      d: answered.length > 0 ? toD(x, answered[k].denoised, sigmas[i]) : analyticalGradient(x, sigmas[i])
    }))
    const ends = left === 0 ? [last] : Array.from({ length: last - left - step + 1 }, (_, k) => step + k)
    layers.push(new Map(ends.map(j => [j, nearest(starts, j, sigmas, states[j])])))
  }
  const path = [last]
  for (let step = steps; step >= 1; step--) path.unshift(layers[step].get(path[0])?.from ?? 0)
  const end = layers[steps].get(last)?.x ?? states[0]
  found({ path, loss: squaredDifference(end, states[last]) / end.length })
  return end
}

interface Start {
  /** The place of its noise level. */
  readonly i: number
  readonly x: Float64Array
  readonly d: Float64Array
}

/** The state nearest to the teacher's at place `j`, of those that one step leads to. */
function nearest(starts: readonly Start[], j: number, sigmas: ArrayLike<number>, target: Float64Array): Reached {
  const before = starts.filter(({ i }) => i < j)
  const best = before
    .map(start => ({ start, difference: steppedDifference(start, sigmas[j] - sigmas[start.i], target) }))
    .reduce((least, each) => (each.difference < least.difference ? each : least))
  const { i, x, d } = best.start
  return { x: add(x, sigmas[j] - sigmas[i], d), from: i }
}

/** The squared difference of x + h d to a target, without an array for the sum. */
function steppedDifference({ x, d }: Start, h: number, target: Float64Array): number {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += (x[i] + h * d[i] - target[i]) ** 2
  return sum
}

/** Evaluations of one sample in a search on so many noise levels. */
export function searchCost({ points, steps }: { points: number; steps: number }, afs: boolean): number {
  return (afs ? 0 : 1) + (steps - 1) * (points - steps)
}

/**
 * The median of several paths, place by place, the earlier one of two in the middle. It rises as each of them does,
 * since as many of them lie below it at one place as at the next.
 */
export function medianPath(paths: readonly (readonly number[])[]): number[] {
  return paths[0].map((_, k) => {
    const places = paths.map(path => path[k]).sort((a, b) => a - b)
    return places[Math.floor((places.length - 1) / 2)]
  })
}
