import { schedule, type ScheduleOptions } from '../../src/solvers/schedule.js'
import { solve } from '../../src/solvers/solve.js'
import type { SolverOptions } from '../../src/solvers/options.js'
import { teacherGrid } from '../../src/solvers/teacher.js'
import type { Trajectories } from '../../src/distill/trajectories.js'
import { latents } from '../../src/random/latents.js'
import { mixture, shape } from '../support/mixture.js'

export const grid = {
  type: 'time_uniform',
  rho: 1,
  numSteps: 4,
  sigmaMin: 0.002,
  sigmaMax: 80
} as const satisfies ScheduleOptions
export const sigmas = schedule(grid)
export const student = { name: 'epd', afs: true, points: 2, ranges: { scaleDir: 0.05, scaleTime: 0.05 } } as const

const seedsFrom = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)
const noise = (seeds: readonly number[]) => latents({ seeds, shape }).map(value => 80 * value)

/** Where Heun on a finer grid leads `count` samples of the mixture, seeds from `from` on. */
export async function taught(from: number, count: number): Promise<Trajectories> {
  const seeds = seedsFrom(from, count)
  const fine = teacherGrid(grid, { refine: 3, substeps: 2 })
  const { trajectory } = await solve({
    model: mixture,
    solver: { name: 'heun' },
    x: noise(seeds),
    sigmas: fine.sigmas
  })
  return { seeds, states: [...sigmas.keys()].map(i => trajectory[i * fine.every]) }
}

/** Where a solver leads `count` samples of the mixture on the student's own time points. */
export async function followed(solver: SolverOptions, from: number, count: number): Promise<Trajectories> {
  const seeds = seedsFrom(from, count)
  const { trajectory } = await solve({ model: mixture, solver, x: noise(seeds), sigmas })
  return { seeds, states: trajectory }
}
