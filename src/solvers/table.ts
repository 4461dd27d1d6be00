import type { Problem, SolverRun } from './solver.js'

/** An image as a sum of the starting noise and of what the model has answered. */
export interface Combination {
  /** The factor of the latents, which are standard normal. */
  readonly noise: number
  /** The factors of the model's answers, in the order of their evaluations; at least all that are not 0. */
  readonly denoised: readonly number[]
}

/** One evaluation D(x; sigma), x being the combination of the latents and of the answers of earlier layers. */
export interface TableRow extends Combination {
  /**
   * The noise level that the model is told, above 0. At Infinity, where only a table that begins there may have it, the
   * image is the unit noise itself, as a flow has it at t = 1.
   */
  readonly sigma: number
}

/** Evaluations that do not wait for each other: one parallel NFE. */
export type TableLayer = readonly TableRow[]

/**
 * A sampler as numbers. Whatever is linear in its starting noise and in the model's answers is a table on given time
 * points, and does the same with every model: the non-stationary solvers of Shaul et al. 2024 (arXiv 2403.01329), with
 * any number of evaluations in each layer.
 */
export interface Table {
  /**
   * The noise levels at which sampling begins, which may be Infinity, and at which the result stands, which may be 0.
   */
  readonly sigmas: readonly [first: number, last: number]
  /** What latents are multiplied by to be the state that sampling begins with, above 0; 1 at infinite noise. */
  readonly start: number
  readonly layers: readonly TableLayer[]
  readonly result: Combination
}

/** All evaluations of a table in their order. */
export function tableRows({ layers }: Pick<Table, 'layers'>): readonly TableRow[] {
  return layers.flat()
}

/**
 * How far a table is from keeping an image that every answer is: the largest deviation of a row's or the result's
 * factors of answers from 1 - noise / start, which is their sum where the ODE is solved exactly for such a model; from
 * 1 where the table begins at infinite noise, and from 0 in its rows there. It is 0 up to rounding of every solver
 * without `afs` whose weights are not learned.
 */
export function inconsistency({ sigmas, start, layers, result }: Table): number {
  const share = sigmas[0] === Infinity ? 0 : 1 / start
  const sumOf = ({ noise, denoised }: Combination) => denoised.reduce((sum, factor) => sum + factor, share * noise)
  const rows = layers.flat().map(row => sumOf(row) - (row.sigma === Infinity ? 0 : 1))
  return Math.max(...[...rows, sumOf(result) - 1].map(Math.abs))
}

/**
 * Walks a table layer by layer. Its trajectory is the start, where the first row of each further layer stands, and the
 * result.
 */
export function* walkTable({ x }: Pick<Problem, 'x'>, { start, layers, result }: Table): SolverRun {
  const answers: Float64Array[] = []
  for (const [i, layer] of layers.entries()) {
    const asked = layer.map(row => ({ x: combined(x, row.noise / start, row.denoised, answers), sigma: row.sigma }))
    yield { reached: i === 0 ? x : asked[0].x }
    for (const { denoised } of yield asked) answers.push(denoised)
  }
  const last = combined(x, result.noise / start, result.denoised, answers)
  yield { reached: last }
  return last
}

/** factor x + the sum of weights[k] answers[k], added up in order. */
export function combined(
  x: Float64Array,
  factor: number,
  weights: readonly number[],
  answers: readonly Float64Array[]
): Float64Array {
  const sum = x.map(value => factor * value)
  weights.forEach((weight, k) => {
    if (weight === 0) return
    const answer = answers[k]
    for (let i = 0; i < sum.length; i++) sum[i] += weight * answer[i]
  })
  return sum
}

/**
 * A table, checked.
 * @throws RangeError for numbers that are not finite, a noise level that is not above 0, a row that uses answers of
 * its own layer or later ones, and infinite noise anywhere but in the first rows of a table that begins there
 */
export function checkTable(table: Table): Table {
  const { sigmas, start, layers, result } = table
  const wrong = (what: string) => new RangeError(`table: ${what}`)
  const [first, last] = sigmas
  if (!(first > last && last >= 0))
    throw wrong('sigmas must be the noise levels of its two ends, falling, 0 at the least')
  if (!(Number.isFinite(start) && start > 0)) throw wrong('start must be a number above 0')
  if (first === Infinity && start !== 1) throw wrong('start must be 1 where it begins at infinite noise')
  if (layers.length === 0 || layers.some(layer => layer.length === 0))
    throw wrong('layers must hold one or more rows each')
  const check = ({ noise, denoised }: Combination, before: number, what: string) => {
    if (![noise, ...denoised].every(Number.isFinite)) throw wrong(`${what} holds a number that is not finite`)
    if (denoised.length > before)
      throw wrong(`${what} has factors for ${denoised.length} answers, of which ${before} come before it`)
  }
  let before = 0
  for (const [i, layer] of layers.entries()) {
    for (const [k, row] of layer.entries()) {
      const what = `row ${k + 1} of layer ${i + 1}`
      check(row, before, what)
      if (!(row.sigma > 0)) throw wrong(`sigma of ${what} must be above 0`)
      if (row.sigma === Infinity) checkPureNoise(row, first, problem => wrong(`${what} ${problem}`))
    }
    before += layer.length
  }
  check(result, before, 'the result')
  return table
}

/** @throws RangeError unless a row at infinite noise is noise alone, of a table that begins there */
function checkPureNoise({ noise, denoised }: Combination, first: number, wrong: (what: string) => RangeError): void {
  if (first !== Infinity) throw wrong(`is told infinite noise, but the table begins at ${first}`)
  if (noise !== 1 || denoised.some(factor => factor !== 0))
    throw wrong('is told infinite noise, so that it must be the unit noise itself, without answers')
}
