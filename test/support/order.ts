import type { SolverOptions } from '../../src/solvers/options.js'
import { schedule } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import { latents } from '../../src/random/latents.js'
import { featured } from './featured.js'
import { shape } from './mixture.js'
import type { Ordered } from './orders.js'

/** Time points between two noise levels: equally far apart in sigma, or closer together where there is less of it. */
export type Grid = 'equal' | 'graded'

const RANGE = { sigmaMin: 0.4, sigmaMax: 12 }
const x = latents({ seeds: [0, 1, 2, 3, 4, 5, 6, 7], shape }).map(value => RANGE.sigmaMax * value)

export function timePoints(grid: Grid, steps: number): Float64Array {
  if (grid === 'graded') return schedule({ type: 'polynomial', rho: 3, numSteps: steps + 1, ...RANGE })
  const { sigmaMin, sigmaMax } = RANGE
  return Float64Array.from({ length: steps + 1 }, (_, i) => sigmaMax + (i / steps) * (sigmaMin - sigmaMax))
}

let truth: Promise<Float64Array> | undefined

/** Root mean square error at the end, of so many steps. */
export async function errorOf(solver: Ordered['solver'], grid: Grid, steps: number): Promise<number> {
  truth ??= end({ name: 'dpm2' }, 'graded', 20_000)
  const [found, expected] = [await end(solver, grid, steps), await truth]
  return Math.sqrt(found.reduce((sum, value, i) => sum + (value - expected[i]) ** 2, 0) / found.length)
}

async function end(solver: Ordered['solver'], grid: Grid, steps: number): Promise<Float64Array> {
  const options: SolverOptions = typeof solver === 'function' ? solver(steps) : solver
  return (await solve({ model: featured, solver: options, x, sigmas: timePoints(grid, steps) })).x
}

/** By how many powers of two the error falls when steps are halved. */
export async function observedOrder(solver: Ordered['solver'], grid: Grid, steps: number): Promise<number> {
  return Math.log2((await errorOf(solver, grid, steps)) / (await errorOf(solver, grid, 2 * steps)))
}
