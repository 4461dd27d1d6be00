/**
 * The learned parameters of EPD: for each step (numSteps - 1 of them) and each of its points, four raw numbers without
 * bounds. `predictor` says what they stand for.
 */
export interface PredictorTables {
  readonly r: readonly (readonly number[])[]
  readonly weight: readonly (readonly number[])[]
  readonly scaleDir: readonly (readonly number[])[]
  readonly scaleTime: readonly (readonly number[])[]
}

/**
 * The parameters of EPD on its time points (arXiv 2507.14797, Eq. 9-11): raw tables, [numSteps - 1][points] each, and
 * what bounds them.
 */
export interface Predictor extends PredictorTables {
  /** Learned time points; absent: those of the schedule that it was distilled on. */
  readonly sigmas?: readonly number[]
  /** How far each scale may stray from 1: 0.05 allows 0.95 to 1.05. */
  readonly ranges: { readonly scaleDir: number; readonly scaleTime: number }
}

/** One parallel evaluation of an EPD step. */
export interface Point {
  /** Where it stands between the two time points, in log sigma: 0 to 1. */
  readonly r: number
  /** Its share of the step; a step's weights add up to 1. */
  readonly weight: number
  readonly scaleDir: number
  readonly scaleTime: number
}

/**
 * EPD's predictor from its raw tables, [numSteps - 1][points] each, checked.
 * @throws RangeError if the tables differ in size or hold a number that is not finite, or the time points do not fall
 * or fit
 */
export function predictor({ r, weight, scaleDir, scaleTime, sigmas, ranges }: Predictor): Predictor {
  const tables = { r, weight, scaleDir, scaleTime }
  for (const [name, table] of Object.entries(tables)) {
    const fits = table.length === r.length && table.every((row, i) => row.length === r[i].length && row.length > 0)
    if (!fits) throw new RangeError(`predictor: ${name} must have the size of r, one row a step, one number a point`)
    if (!table.every(row => row.every(Number.isFinite)))
      throw new RangeError(`predictor: ${name} holds a number that is not finite`)
  }
  if (!sigmas) return { ...tables, ranges }
  if (sigmas.length !== r.length + 1 || !falls(sigmas))
    throw new RangeError(`predictor: sigmas must be ${r.length + 1} falling noise levels, one more than r has rows`)
  return { ...tables, ranges, sigmas }
}

/** What a step's raw numbers stand for (the paper's Section 3.2 and its code's parametrisation). */
export function points({ r, weight, scaleDir, scaleTime, ranges }: Predictor, step: number): Point[] {
  const weights = softmax(weight[step])
  return r[step].map((raw, k) => ({
    r: sigmoid(raw),
    weight: weights[k],
    scaleDir: scale(scaleDir[step][k], ranges.scaleDir),
    scaleTime: scale(scaleTime[step][k], ranges.scaleTime)
  }))
}

/** Whether noise levels fall all the way, none of them 0. */
export function falls(sigmas: ArrayLike<number>): boolean {
  return Array.from(sigmas).every(
    (sigma, i) => Number.isFinite(sigma) && sigma > 0 && (i === 0 || sigma < sigmas[i - 1])
  )
}

export function sigmoid(raw: number): number {
  return 1 / (1 + Math.exp(-raw))
}

function softmax(raw: readonly number[]): number[] {
  const largest = Math.max(...raw)
  const exponentials = raw.map(value => Math.exp(value - largest))
  const sum = exponentials.reduce((total, value) => total + value, 0)
  return exponentials.map(value => value / sum)
}

function scale(raw: number, range: number): number {
  return 2 * sigmoid(0.5 * raw) * range + 1 - range
}

/**
 * A predictor for another number of steps, each with the parameters of the one that lies where it does; without time
 * points.
 */
export function stretched({ r, weight, scaleDir, scaleTime, ranges }: Predictor, steps: number): Predictor {
  const rows = (table: PredictorTables['r']) => stretchedRows(table, steps)
  return { r: rows(r), weight: rows(weight), scaleDir: rows(scaleDir), scaleTime: rows(scaleTime), ranges }
}

/** Rows for another number of steps, each that of the step that lies where it does. */
export function stretchedRows<Row>(rows: readonly Row[], steps: number): Row[] {
  return Array.from({ length: steps }, (_, i) => rows[Math.floor(((i + 0.5) * rows.length) / steps)])
}
