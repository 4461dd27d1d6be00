import { isMapping } from '../reading/plain.js'
import { AMED_LAYERS, amedPredictor } from '../solvers/amed-predictor.js'
import type { Learns } from '../solvers/descriptor.js'
import {
  isAmed,
  isDyweight,
  isEpd,
  isPas,
  isTable,
  type Learned,
  type TimePoints,
  type TimeSteps
} from '../solvers/learned.js'
import { checkDyweight } from '../solvers/dyweight.js'
import { pasPredictor, type PasPredictor } from '../solvers/pas-predictor.js'
import { isSameLevel } from '../solvers/grids.js'
import { falls, predictor, type Predictor } from '../solvers/predictor.js'
import { solverNamed, SOLVERS, type Solvers } from '../solvers/registry.js'
import { endsOf, pointsAboveZero, type SolverSpec } from '../solvers/spec.js'
import { checkTable, type Combination, type Table } from '../solvers/table.js'

/** What a solver needs that learns in one way. */
interface LearnedKind {
  /** What a record has to hold for it, in words. */
  readonly expected: string
  /**
   * What was learned, if it is of this kind.
   * @throws RangeError where it is not sound, or does not fit the solver's time points and options
   */
  readonly checked: (learned: Learned, solver: SolverSpec) => Learned | undefined
}

const KINDS: Readonly<Record<Learns, LearnedKind>> = {
  points: {
    expected: 'tables r, weight, scaleDir and scaleTime, [steps][points], and ranges',
    checked: (learned, solver) => (isEpd(learned) ? checkedPoints(learned, solver) : undefined)
  },
  network: {
    expected: `layers ${AMED_LAYERS.join(', ')}, and ranges`,
    checked: learned => (isAmed(learned) ? amedPredictor(learned) : undefined)
  },
  table: {
    expected: 'sigmas of both ends, start, layers of rows, and result',
    checked: (learned, solver) => (isTable(learned) ? checkedTable(learned, solver) : undefined)
  },
  weights: {
    expected: 'weights, [steps][steps], and timeScales',
    checked: (learned, solver) =>
      isDyweight(learned) ? checkDyweight(learned, pointsAboveZero(solver) - 1, solver.afs === true) : undefined
  },
  coordinates: {
    expected: 'coordinates, [steps][components]',
    checked: (learned, solver) => (isPas(learned) ? checkedCoordinates(learned, solver) : undefined)
  },
  'time-points': {
    expected: 'sigmas or timesteps',
    checked: (learned, solver) => {
      const points = pointsAboveZero(solver)
      if ('timesteps' in learned) return checkedSteps(learned, points)
      if (!isTimePoints(learned)) return undefined
      const { sigmas } = learned
      if (sigmas.length === points && falls(sigmas[0] === Infinity ? sigmas.slice(1) : sigmas)) return learned
      throw new RangeError(`sigmas must be ${points} falling noise levels`)
    }
  },
  nothing: { expected: 'nothing', checked: () => undefined }
}

/** @throws RangeError unless it is what the solver takes, on as many time points above 0 */
export function checkLearned(learned: unknown, solver: SolverSpec, solvers: Solvers = SOLVERS): Learned {
  const { name, learns } = solverNamed(solver.name, solvers)
  const { expected, checked } = KINDS[learns]
  if (!isLearned(learned)) throw new RangeError(`there is nothing for ${name} in it: expected ${expected}`)
  const found = checked(learned, solver)
  if (found) return found
  throw new RangeError(`what is in it is not for ${name}: expected ${expected}`)
}

/** What a network is told falls to 0 at the least; the model itself says how far it goes up. */
function checkedSteps(learned: TimeSteps, points: number): TimeSteps {
  const { timesteps } = learned
  const fall = timesteps.every((step, i) => step >= 0 && Number.isFinite(step) && (i === 0 || step < timesteps[i - 1]))
  if (timesteps.length === points && fall) return learned
  throw new RangeError(`timesteps must be ${points} falling numbers`)
}

/** Time points alone, which predictors may hold beside others of their numbers. */
function isTimePoints(learned: Learned): learned is TimePoints {
  const others = [isAmed, isEpd, isPas, isTable, isDyweight]
  return !('timesteps' in learned) && !others.some(is => is(learned))
}

function checkedPoints(learned: Predictor, solver: SolverSpec): Predictor {
  const found = predictor(learned)
  const points = pointsAboveZero(solver)
  const parallel = typeof solver.points === 'number' ? solver.points : 0
  if (found.r.length !== points - 1 || found.r.some(row => row.length !== parallel))
    throw new RangeError(`r must have ${points - 1} rows (steps) of ${parallel} numbers (points)`)
  return found
}

function checkedCoordinates(learned: PasPredictor, solver: SolverSpec): PasPredictor {
  const found = pasPredictor(learned)
  const steps = pointsAboveZero(solver) - 1
  const components = typeof solver.components === 'number' ? solver.components : 0
  if (found.coordinates.length !== steps || found.coordinates.some(row => row.length !== components))
    throw new RangeError(`coordinates must have ${steps} rows (steps) of ${components} numbers (components)`)
  return found
}

/** A table has as many layers as its solver has steps, or where that counts them itself, as it says. */
function checkedTable(learned: Table, solver: SolverSpec): Table {
  const table = checkTable(learned)
  const counts = table.layers.map(layer => layer.length)
  const { layers = counts, schedule } = solver
  if (JSON.stringify(layers) !== JSON.stringify(counts))
    throw new RangeError(`layers must have ${String(layers)} rows, as the solver says, found ${String(counts)}`)
  const { sigmaMax } = endsOf(schedule)
  if (sigmaMax !== undefined && !isSameLevel(sigmaMax, table.sigmas[0]))
    throw new RangeError(`sigmas must begin at ${sigmaMax}, as the schedule does, found ${table.sigmas[0]}`)
  return padded(table)
}

/** A table in which each row has a factor for every answer before its layer, as files have it. */
function padded(table: Table): Table {
  const full = ({ noise, denoised }: Combination, before: number) => ({
    noise,
    denoised: Array.from({ length: before }, (_, i) => (i < denoised.length ? denoised[i] : 0))
  })
  let first = 0
  const layers = table.layers.map(layer => {
    const before = first
    first += layer.length
    return layer.map(row => ({ sigma: row.sigma, ...full(row, before) }))
  })
  const { sigmas, start, result } = table
  return { sigmas: [sigmas[0], sigmas[1]], start, layers, result: full(result, first) }
}

/** Whether plain data has the form of what a distillation finds; its sizes are not looked at. */
export function isLearned(value: unknown): value is Learned {
  if (!isMapping(value)) return false
  const { layers, ranges, sigmas, r, weight, scaleDir, scaleTime, weights, timeScales, timesteps, coordinates } = value
  if (coordinates !== undefined) return isRows(coordinates)
  if (sigmas !== undefined && !isNumbers(sigmas)) return false
  if (Array.isArray(layers)) return isTableForm(value)
  if (timeScales !== undefined) return isNumbers(timeScales) && isRows(weights)
  if (timesteps !== undefined) return isNumbers(timesteps)
  if (layers === undefined && r === undefined) return sigmas !== undefined
  if (!isMapping(ranges) || typeof ranges.scaleDir !== 'number' || typeof ranges.scaleTime !== 'number') return false
  if (isMapping(layers)) return AMED_LAYERS.every(name => isLayer(layers[name]))
  return [r, weight, scaleDir, scaleTime].every(isRows)
}

function isTableForm({ sigmas, start, layers, result }: Readonly<Record<string, unknown>>): boolean {
  const rows = Array.isArray(layers) && layers.every(Array.isArray) ? layers.flat() : undefined
  const isRow = (row: unknown) => isCombination(row) && typeof row.sigma === 'number'
  return (
    isNumbers(sigmas) &&
    sigmas.length === 2 &&
    typeof start === 'number' &&
    isCombination(result) &&
    (rows?.every(isRow) ?? false)
  )
}

function isCombination(value: unknown): value is Readonly<Record<string, unknown>> {
  return isMapping(value) && typeof value.noise === 'number' && isNumbers(value.denoised)
}

function isLayer(value: unknown): boolean {
  return isMapping(value) && isRows(value.weight) && isNumbers(value.bias)
}

function isRows(value: unknown): boolean {
  return Array.isArray(value) && value.every(isNumbers)
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(each => typeof each === 'number')
}
