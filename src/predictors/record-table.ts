import { EpdError } from '../errors.js'
import { isEpd, isTable, isAmed, withLearned } from '../solvers/learned.js'
import { logInterpolate } from '../solvers/march.js'
import { startFactor } from '../solvers/noise.js'
import { bound } from '../solvers/options.js'
import { points, type Point, type Predictor } from '../solvers/predictor.js'
import { schedule } from '../solvers/schedule.js'
import { endsAtZero } from '../solvers/spec.js'
import { tableOf } from '../solvers/table-of.js'
import type { Table } from '../solvers/table.js'
import { rangedModelOf } from './datasets.js'
import type { PredictorRecord } from './record.js'

/**
 * The table that a predictor's solver is on its own time points, with a last step to a noise level of 0 where it
 * takes one.
 * @throws EpdError `no-table` where it is none, with what would make it one
 */
export function tableOfRecord(record: PredictorRecord): Table {
  const { name, solver, learned } = record
  try {
    const sigmas = timePointsOf(record)
    return tableOf(withLearned(bound(solver), learned), sigmas, startFactor(sigmas[0], solver.schedule.noiseScale))
  } catch (error) {
    if (error instanceof RangeError) throw new EpdError('no-table', `${name}: ${error.message}`, { cause: error })
    throw error
  }
}

/**
 * The noise levels of a predictor's time points, the first one first, with a last one of 0 where its schedule has that.
 * @throws RangeError where they are known with a model alone, with what to write in their place
 */
export function timePointsOf({ solver, learned, model }: PredictorRecord): Float64Array {
  const { schedule: spec, numSteps } = solver
  const own = 'sigmas' in learned ? learned.sigmas : undefined
  if (own) return Float64Array.from(endsAtZero(spec) && own.at(-1) !== 0 ? [...own, 0] : own)
  try {
    return schedule({ ...spec, numSteps, model: rangedModelOf(model) })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new RangeError(
      `its time points are not known (${error.message}); write their noise levels into its file as ` +
        'schedule: { type: explicit, sigmas: [...] } and import that'
    )
  }
}

const SIGMA = 'the standard deviation of the noise in x = image + sigma * noise, in units of the image'

/** The meaning and unit of each number of a table, by its name. */
export const TABLE_UNITS = {
  sigmas: `noise levels at which sampling begins and the result stands: sigma, ${SIGMA}`,
  start: 'what latents, which are standard normal, are multiplied by to be the first state',
  sigma: `the noise level that the model is told in a row: ${SIGMA}`,
  noise: 'the factor of the latents in x = noise * latents + the sum of denoised[i] * answer i',
  denoised: "the factors of the model's answers, clean images, in the order of their evaluations"
}

/** What a predictor has learned in values that can be used as they are, whatever it was learned as. */
export interface PlainParameters {
  /** The noise levels between which steps are taken, the first one first; absent where only a model knows them. */
  readonly timePoints?: readonly number[]
  /** The steps of EPD, each with its parallel points. */
  readonly steps?: readonly (readonly PlainPoint[])[]
  /** The meaning and unit of each number, by its name. */
  readonly units: Readonly<Record<string, string>>
}

/** One parallel evaluation of a step of EPD. */
export interface PlainPoint extends Point {
  /** The noise level where the point stands; absent where the step's ends are not known. */
  readonly sigma?: number
  /** The noise level that the model is told there. */
  readonly told?: number
}

const TIME_POINT_UNITS = { timePoints: `noise levels: sigma, ${SIGMA}` }

const POINT_UNITS = {
  r: 'the place of the point in log sigma, 0 where its step begins and 1 where it ends',
  sigma: `the noise level of the point: ${SIGMA}`,
  told: 'the noise level that the model is told at the point, sigma * scaleTime',
  weight: "the share of the point's direction in the step; those of a step add up to 1",
  scaleDir: "the factor of the point's direction, without a unit",
  scaleTime: 'the factor of the noise level that the model is told, without a unit'
}

/** The parameters of a predictor in plain values: no number has to go through a sigmoid or a softmax any more. */
export function plainParameters(record: PredictorRecord): PlainParameters | undefined {
  const { learned } = record
  if (isTable(learned) || isAmed(learned)) return undefined
  const known = knownTimePoints(record)
  const timePoints = known && { timePoints: known }
  if (!isEpd(learned)) return { ...timePoints, units: TIME_POINT_UNITS }
  return { ...timePoints, steps: plainSteps(learned, known), units: { ...TIME_POINT_UNITS, ...POINT_UNITS } }
}

function knownTimePoints(record: PredictorRecord): readonly number[] | undefined {
  try {
    return [...timePointsOf(record)]
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function plainSteps(learned: Predictor, sigmas: readonly number[] | undefined): readonly (readonly PlainPoint[])[] {
  return learned.r.map((_, step) =>
    points(learned, step).map(point => {
      if (!sigmas) return point
      const sigma = logInterpolate(sigmas[step], sigmas[step + 1], point.r)
      return { ...point, sigma, told: point.scaleTime * sigma }
    })
  )
}
