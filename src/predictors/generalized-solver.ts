import type { SolverDescriptor } from '../solvers/descriptor.js'
import { combine } from '../solvers/march.js'
import type { Problem, SolverRun } from '../solvers/solver.js'
import { tableOf } from '../solvers/table-of.js'
import type { Table } from '../solvers/table.js'

/** What a Generalized Solver has learned, on times of a variance-preserving process. */
export interface GeneralizedParameters {
  /** [steps - 1]: the logits of the shares by which times fall from 1. */
  readonly timeLogits: readonly number[]
  /** [steps]: what is added to each evaluation's time before the model is told. */
  readonly told: readonly number[]
  /**
   * [order][steps]: what is added to the factors of the answers in DPM-Solver++, of the newest answer or difference
   * first.
   */
  readonly answers: readonly (readonly number[])[]
  /** [order][steps]: what is added to the factors of the images, of the newest image first. */
  readonly images: readonly (readonly number[])[]
}

/** A variance-preserving process from t = 1 to its last time, by the noise level sigma(t) of x0 + sigma n. */
export interface Process {
  readonly sigma: (time: number) => number
  readonly last: number
}

/** How far each share stays from 0 and 1. */
const SHARE_MARGIN = 1e-5

/**
 * The table of a Generalized Solver (Oganov et al. 2025, arXiv 2510.17699): DPM-Solver++ of rising order on images
 * alpha x0 + s n, with learned times and a learned addition to each factor, and factors of all earlier images.
 */
export function generalizedTable(learned: GeneralizedParameters, process: Process): Table {
  const times = timesOf(learned.timeLogits, process.last)
  const sigmas = Float64Array.from(times, process.sigma)
  // Latents are the first image alpha x0 + s n themselves.
  return tableOf({ descriptor: solverOf(learned, process, times) }, sigmas, 1 / alphaOf(sigmas[0]))
}

/** 1 = t_0 > t_1 > ... > the last time (Eq. 14 of the paper). */
function timesOf(logits: readonly number[], last: number): number[] {
  let product = 1
  const inner = logits.map(logit => {
    product *= (1 / (1 + Math.exp(-logit))) * (1 - 2 * SHARE_MARGIN) + SHARE_MARGIN
    return (1 - product) * (1 - last) + last
  })
  return [1, ...inner.reverse(), last]
}

function alphaOf(sigma: number): number {
  return 1 / Math.sqrt(1 + sigma ** 2)
}

/** The learned solver as one that tableOf can run. */
function solverOf(learned: GeneralizedParameters, process: Process, times: readonly number[]): SolverDescriptor {
  return {
    ...{ name: 'generalized-solver', title: 'Generalized Solver.', options: {}, order: 1, evaluationsAStep: 1 },
    ...{ reachesZero: false, learns: 'nothing' },
    start: problem => run(problem, learned, process, times)
  }
}

/** Images are alpha x0 + s n throughout, but those that are yielded and returned, which are x0 + sigma n. */
function* run(
  { x, sigmas }: Problem,
  learned: GeneralizedParameters,
  process: Process,
  times: readonly number[]
): SolverRun {
  const images = [scaled(x, alphaOf(sigmas[0]))]
  const answers: Float64Array[] = []
  yield { reached: x }
  for (let step = 0; step + 1 < sigmas.length; step++) {
    const told = process.sigma(times[step] + learned.told[step])
    const [{ denoised }] = yield [{ x: scaled(images[0], 1 / alphaOf(told)), sigma: told }]
    answers.unshift(predicted(images[0], denoised, told, sigmas[step]))
    const next = stepped(learned, step, sigmas, answers, images)
    images.unshift(next)
    yield { reached: scaled(next, 1 / alphaOf(sigmas[step + 1])) }
  }
  return scaled(images[0], 1 / alphaOf(sigmas[sigmas.length - 1]))
}

/**
 * The clean image by the noise that was predicted at the level that the model was told, in an image of another level.
 */
function predicted(image: Float64Array, denoised: Float64Array, told: number, sigma: number): Float64Array {
  const [alpha, std] = [alphaOf(told), told * alphaOf(told)]
  return image.map(
    (value, i) => (value - sigma * alphaOf(sigma) * ((value - alpha * denoised[i]) / std)) / alphaOf(sigma)
  )
}

/** The next image, from the newest answers and images first. */
function stepped(
  { answers: addedToAnswers, images: addedToImages }: GeneralizedParameters,
  step: number,
  sigmas: Float64Array,
  answers: readonly Float64Array[],
  images: readonly Float64Array[]
): Float64Array {
  const order = Math.min(step + 1, addedToAnswers.length)
  const factors = theory(sigmas, step, order).map((factor, k) => factor + signs(order)[k] * addedToAnswers[k][step])
  const others = addedToAnswers.slice(factors.length, order).map(added => added[step])
  const last = sigmas[step]
  const next = sigmas[step + 1]
  const ofImages = addedToImages
    .slice(0, order)
    .map((added, k) => added[step] + (k === 0 ? stdOf(next) / stdOf(last) : 0))
  const terms = [...differences(sigmas, step, order, answers), ...answers.slice(factors.length, order)]
  return combine([...ofImages, ...factors, ...others], [...images.slice(0, order), ...terms])
}

function stdOf(sigma: number): number {
  return sigma * alphaOf(sigma)
}

/** Steps of log(1 / sigma), each as a multiple of the step that is taken: the one before it, and the one before that. */
function ratios(sigmas: Float64Array, step: number): { readonly h: number; readonly r0: number; readonly r1: number } {
  const length = (i: number) => Math.log(sigmas[i] / sigmas[i + 1])
  const h = length(step)
  return { h, r0: length(step - 1) / h, r1: length(step - 2) / h }
}

/**
 * The factors of the newest answer, its first difference and its second in DPM-Solver++ (Lu et al. 2022, Algorithm 2).
 */
function theory(sigmas: Float64Array, step: number, order: number): number[] {
  const { h } = ratios(sigmas, step)
  const alpha = alphaOf(sigmas[step + 1])
  const phi1 = Math.expm1(-h)
  if (order === 1) return [-alpha * phi1]
  if (order === 2) return [-alpha * phi1, -0.5 * alpha * phi1]
  const phi2 = phi1 / h + 1
  return [-alpha * phi1, alpha * phi2, -alpha * (phi2 / h - 0.5)]
}

/** The signs with which what was learned is added to these factors, as its authors write their formulas. */
function signs(order: number): readonly number[] {
  return order < 3 ? [-1, -1] : [-1, 1, -1]
}

/** The newest answer, and for higher orders its divided differences. */
function differences(
  sigmas: Float64Array,
  step: number,
  order: number,
  [newest, before, first]: readonly Float64Array[]
): Float64Array[] {
  if (order === 1) return [newest]
  const { r0, r1 } = ratios(sigmas, step)
  const latest = combine([1 / r0, -1 / r0], [newest, before])
  if (order === 2) return [newest, latest]
  const earlier = combine([1 / r1, -1 / r1], [before, first])
  const share = r0 / (r0 + r1)
  return [
    newest,
    combine([1 + share, -share], [latest, earlier]),
    combine([1 / (r0 + r1), -1 / (r0 + r1)], [latest, earlier])
  ]
}

function scaled(x: Float64Array, factor: number): Float64Array {
  return x.map(value => value * factor)
}
