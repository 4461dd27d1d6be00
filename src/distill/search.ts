import { drive } from '../solvers/driver.js'
import { isSameLevel } from '../solvers/grids.js'
import { savesFirst } from '../solvers/nfe.js'
import { bound } from '../solvers/options.js'
import { oneSample } from '../solvers/solve.js'
import { walkCost, type Effort } from './effort.js'
import { registered, type Course, type DistillState, type Extent, type Position } from './optimiser.js'
import { NO_POINTS } from './parameters.js'
import { medianPath, searchCost, searchedSteps, type FoundSteps } from './step-search.js'
import { isPlainStudent, walk, type PlainStudent } from './student.js'
import { lossOf, type Iteration, type Outcome, type Task } from './task.js'
import { ends, pick, stateOf, type Trajectories } from './trajectories.js'

/** A search for time points among those of the teacher, which evaluates nothing twice and follows no gradient. */
export interface SearchOptions {
  readonly name: 'search'
}

/** Options as an experiment states them. */
export type SearchSpec = SearchOptions

/** How far the search has come: all that it needs to go on, beside its inputs. */
export interface SearchState {
  readonly name: 'search'
  /** Lots of trajectories that are searched. */
  readonly iteration: number
  /** The places of the time points among the teacher's, a list for each trajectory that is searched. */
  readonly paths: readonly (readonly number[])[]
  readonly evaluations: number
}

interface SearchTask extends Task<PlainStudent> {
  /** The noise levels of the teacher's states. */
  readonly grid: Float64Array
}

/** Trajectories that are searched at once, between two rows that a search can go on from. */
const LOT = 16

/**
 * Optimal Stepsize (Pei et al. 2025, arXiv 2503.21774): each trajectory's own best steps among the teacher's noise
 * levels, by dynamic programming, and of all trajectories the median. It steps as Euler's method does, whatever solver
 * the time points are for. For others they are a start.
 */
export const search = registered({
  name: 'search',
  learns: ['time-points'],
  learnsSigmas: true,
  takesObjective: false,
  looksBetween: true,
  start: 'uniform',
  costsAtMost: false,
  isOptions: (options: { readonly name: string }): options is SearchOptions => options.name === 'search',
  isState: (state: DistillState): state is SearchState => state.name === 'search',
  specify: (): SearchSpec => ({ name: 'search' }),
  mostIterations: (_: SearchOptions, { training }: Extent) => Math.ceil(training / LOT),
  cost,
  course
})

function cost(_: SearchOptions, effort: Effort): number {
  const { grid, afs, steps, training, validation } = effort
  return (grid ? training * searchCost(grid, afs) : 0) + walkCost(effort, steps) * (training + validation)
}

function course(given: Task): Course<SearchState, Position<SearchState>> {
  const { student } = given.setting
  if (!isPlainStudent(student)) throw new RangeError(`distill: ${student.name} has more to learn than its time points`)
  const task = { ...given, setting: { ...given.setting, student }, grid: gridOf(given) }
  return {
    start: { name: 'search', iteration: 0, paths: [], evaluations: 0 },
    enter: state => ({ state }),
    isDone: ({ paths }) => paths.length >= task.training.seeds.length,
    iterate: ({ state }) => iterate(task, state),
    conclude: ({ state }) => conclude(task, state)
  }
}

function gridOf({ training, setting: { sigmas } }: Task): Float64Array {
  const grid = training.sigmas
  if (!grid) throw new RangeError('distill: a search needs trajectories that say the noise levels of their states')
  const [first, last] = [sigmas[0], sigmas[sigmas.length - 1]]
  if (!isSameLevel(grid[0], first) || !isSameLevel(grid[grid.length - 1], last))
    throw new RangeError(
      `distill: the trajectories go from ${grid[0]} to ${grid[grid.length - 1]}, and the student from ${first} to ${last}`
    )
  if (grid.length < sigmas.length)
    throw new RangeError(`distill: ${sigmas.length} time points are searched among ${grid.length} of the teacher`)
  return grid
}

/** Searches one more lot of trajectories. */
async function iterate(
  { setting, training, grid }: SearchTask,
  state: SearchState
): Promise<{ position: Position<SearchState>; row: Iteration }> {
  const { model, student, sigmas, batchSize, signal } = setting
  const places = [...training.seeds.keys()].slice(state.paths.length, state.paths.length + LOT)
  const lot = pick(training, places)
  const found: FoundSteps[] = []
  const afs = savesFirst(bound(student))
  const jobs = lot.seeds.map((_, k) => {
    const states = lot.states.map((_, j) => stateOf(lot, j, k))
    const { condition } = oneSample({ x: lot.states[0], condition: lot.condition }, states[0].length, k)
    const run = searchedSteps({ states, sigmas: grid, steps: sigmas.length - 1, afs }, steps => (found[k] = steps))
    return { run, condition }
  })
  const outcomes = await drive(jobs, { model, batchSize, signal })
  const evaluations = state.evaluations + outcomes.reduce((sum, outcome) => sum + outcome.evaluations, 0)
  const iteration = state.iteration + 1
  return {
    position: {
      state: { ...state, iteration, paths: [...state.paths, ...found.map(({ path }) => path)], evaluations }
    },
    row: {
      iteration,
      phase: 'search',
      loss: found.reduce((sum, { loss }) => sum + loss, 0) / found.length,
      evaluations,
      accepted: true
    }
  }
}

async function conclude({ grid, ...task }: SearchTask, state: SearchState): Promise<Outcome> {
  const { setting, training, validation } = task
  const last = setting.sigmas.length - 1
  const sigmas = medianPath(state.paths).map((place, k) => (k === 0 || k === last ? setting.sigmas[k] : grid[place]))
  const walked = async (trajectories: Trajectories) => {
    const followed = ends(trajectories, sigmas.length)
    const [reached] = await walk(setting, followed, [{ ...NO_POINTS, sigmas }], last)
    return { loss: await lossOf(task, reached, followed, task.at), evaluations: reached.evaluations }
  }
  const [end, held] = [await walked(training), validation && (await walked(validation))]
  return {
    learned: { sigmas },
    loss: end.loss,
    validationLoss: held?.loss,
    evaluations: state.evaluations + end.evaluations + (held?.evaluations ?? 0)
  }
}
