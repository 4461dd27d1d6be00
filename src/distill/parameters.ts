import { points, sigmoid, type Predictor } from '../solvers/predictor.js'
import { gapCoordinates, withGaps } from './time-points.js'
import type { EpdStudent } from '../solvers/epd.js'
import type { Block, Coordinates } from './block.js'

/** How near a sigmoid comes to its ends, so that its raw number stays finite. */
const EDGE = 1e-4
const RAW_WEIGHT = 10

/** The most that a point's r moves at once, and any other coordinate. */
const REACH_R = 0.25
const REACH = 2

export function coordinates(predictor: Predictor, block: Block): Coordinates {
  return block === 'sigmas' ? gapCoordinates(timePoints(predictor)) : stepCoordinates(predictor, block)
}

/**
 * The coordinates of a step, without the slack of the raw tables: each point's r and scale of time, each point's raw
 * weight (a common shift has no effect), and last the logarithm of the scale of direction, which the points share,
 * since only weight * scale_dir counts.
 */
function stepCoordinates(predictor: Predictor, step: number): Coordinates {
  const { ranges } = predictor
  const each = points(predictor, step)
  const products = each.map(({ weight, scaleDir }) => weight * scaleDir)
  const total = products.reduce((sum, product) => sum + product, 0)
  const logs = products.map(product => Math.log(Math.max(product, Number.MIN_VALUE)))
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length
  const reach = (range: number) => range * (1 - 2 * EDGE)
  const [time, direction] = [reach(ranges.scaleTime), reach(ranges.scaleDir)]
  return {
    values: [
      ...each.map(({ r }) => r),
      ...each.map(({ scaleTime }) => scaleTime),
      ...logs.map(value => value - mean),
      Math.log(total)
    ],
    lower: [
      ...each.map(() => EDGE),
      ...each.map(() => 1 - time),
      ...each.map(() => -RAW_WEIGHT),
      Math.log(1 - direction)
    ],
    upper: [
      ...each.map(() => 1 - EDGE),
      ...each.map(() => 1 + time),
      ...each.map(() => RAW_WEIGHT),
      Math.log(1 + direction)
    ],
    reach: [...each.map(() => REACH_R), ...each.map(() => REACH), ...each.map(() => REACH), REACH]
  }
}

/** A block's coordinates, moved into their bounds. */
export function clamped(predictor: Predictor, block: Block): number[] {
  const { values, lower, upper } = coordinates(predictor, block)
  return values.map((value, i) => Math.min(Math.max(value, lower[i]), upper[i]))
}

/**
 * The predictor with these coordinates in one block. A coordinate that stays as it is keeps its raw number, bit for
 * bit.
 */
export function withCoordinates(predictor: Predictor, block: Block, values: readonly number[]): Predictor {
  if (block === 'sigmas') return { ...predictor, sigmas: withGaps(timePoints(predictor), values) }
  const step = block
  const { ranges } = predictor
  const each = points(predictor, step)
  const count = each.length
  const scaleDir = rawScale(Math.exp(values[3 * count]), ranges.scaleDir)
  const row = (part: number, now: (k: number) => number, raw: readonly number[], inverse: (value: number) => number) =>
    raw.map((old, k) => (values[part * count + k] === now(k) ? old : inverse(values[part * count + k])))
  return {
    ...predictor,
    r: replaced(
      predictor.r,
      step,
      row(0, k => each[k].r, predictor.r[step], logit)
    ),
    scaleTime: replaced(
      predictor.scaleTime,
      step,
      row(
        1,
        k => each[k].scaleTime,
        predictor.scaleTime[step],
        value => rawScale(value, ranges.scaleTime)
      )
    ),
    weight: replaced(predictor.weight, step, values.slice(2 * count, 3 * count)),
    scaleDir: replaced(
      predictor.scaleDir,
      step,
      each.map(() => scaleDir)
    )
  }
}

export function timePoints({ sigmas }: Predictor): readonly number[] {
  if (!sigmas) throw new RangeError('a predictor without time points of its own')
  return sigmas
}

export function replaced<T>(rows: readonly T[], index: number, row: T): T[] {
  return rows.map((old, i) => (i === index ? row : old))
}

/** Inverse of `sigmoid`. */
export function logit(value: number): number {
  const inside = Math.min(Math.max(value, EDGE / 2), 1 - EDGE / 2)
  return Math.log(inside / (1 - inside))
}

/** The raw number of a scale: inverse of 2 sigmoid(raw / 2) range + 1 - range. */
export function rawScale(scale: number, range: number): number {
  return range === 0 ? 0 : 2 * logit((scale - 1 + range) / (2 * range))
}

/** d scale / d raw */
export function scaleSlope(raw: number, range: number): number {
  const inner = sigmoid(raw / 2)
  return inner * (1 - inner) * range
}

/** A predictor of a solver that has no parameters. */
export const NO_POINTS: Predictor = {
  ...{ r: [], weight: [], scaleDir: [], scaleTime: [] },
  ranges: { scaleDir: 0, scaleTime: 0 }
}

/** Points spread evenly in log sigma with equal weights and scales of 1. */
export function uniformStart({ points: count, ranges }: EpdStudent, steps: number): Predictor {
  const row = Array.from({ length: count }, (_, k) => logit((k + 1) / (count + 1)))
  const zeros = row.map(() => 0)
  const table = <T>(each: T) => Array.from({ length: steps }, () => each)
  return { r: table(row), weight: table(zeros), scaleDir: table(zeros), scaleTime: table(zeros), ranges }
}

/** Raw numbers from N(0, 1), as the paper starts. `normals`: 4 * steps * points of them. */
export function normalStart({ points: count, ranges }: EpdStudent, steps: number, normals: Float32Array): Predictor {
  const table = (which: number) =>
    Array.from({ length: steps }, (_, i) => {
      const from = (which * steps + i) * count
      return [...normals.subarray(from, from + count)]
    })
  return { r: table(0), weight: table(1), scaleDir: table(2), scaleTime: table(3), ranges }
}

/** A predictor without its ranges, which are not learned. */
export type LearnedTables = Omit<Predictor, 'ranges'>

export function tables({ r, weight, scaleDir, scaleTime, sigmas }: Predictor): LearnedTables {
  return { r, weight, scaleDir, scaleTime, ...(sigmas && { sigmas }) }
}
