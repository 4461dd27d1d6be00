import { AMED_CODE, AMED_HEAD, AMED_HIDDEN, AMED_WAVES } from '../../src/solvers/amed-predictor.js'
import type { BaseName } from '../../src/solvers/methods.js'
import type { NamedSolver } from '../../src/solvers/options.js'
import { FEATURES } from './featured.js'

/** A solver, the order that its theory gives it on smoothly graded time points, and the one that is to be observed. */
export interface Ordered {
  /** Where its predictor has a row a step, for so many steps. */
  readonly solver: NamedSolver | ((steps: number) => NamedSolver)
  /** What it is called, where its options do not say it in short. */
  readonly title?: string
  readonly theory: number
  /** Default: as the theory says. */
  readonly observed?: number
  readonly why?: string
}

const plain = { thresholding: false, lowerOrderFinal: false } as const
const predictions = ['data', 'noise'] as const
const STARTUP = 'the steps of lower order at its start show'

/** EPD with the same raw places in every step. */
const ensemble =
  (r: readonly number[], base?: BaseName) =>
  (steps: number): NamedSolver => {
    const table = (row: readonly number[]) => Array.from({ length: steps }, () => row)
    const zeros = table(r.map(() => 0))
    const predictor = {
      r: table(r),
      weight: zeros,
      scaleDir: zeros,
      scaleTime: zeros,
      ranges: { scaleDir: 0, scaleTime: 0 }
    }
    return { name: 'epd', base, predictor }
  }

/** AMED with a network that always answers the same raw place. */
function amedWith(r: number): NamedSolver {
  const layer = (input: number, out: number, bias = 0) => ({
    weight: Array.from({ length: out }, () => Array.from({ length: input }, () => 0)),
    bias: Array.from({ length: out }, () => bias)
  })
  const layers = {
    ...{
      time: layer(AMED_WAVES, AMED_WAVES),
      encoder: layer(FEATURES, AMED_HIDDEN),
      code: layer(AMED_HIDDEN, AMED_CODE)
    },
    ...{ r: layer(AMED_HEAD, 1, r), scaleDir: layer(AMED_HEAD, 1), scaleTime: layer(AMED_HEAD, 1) }
  }
  return { name: 'amed', predictor: { layers, ranges: { scaleDir: 0, scaleTime: 0 } } }
}

/** PAS that corrects nothing. */
const uncorrectedOn =
  (base: BaseName, maxOrder?: number) =>
  (steps: number): NamedSolver => ({
    ...{ name: 'pas', base, ...(maxOrder !== undefined && { maxOrder }) },
    predictor: { coordinates: Array.from({ length: steps }, () => [1, 0, 0, 0]) }
  })

export const orders: readonly Ordered[] = [
  { solver: { name: 'euler' }, theory: 1 },
  { solver: { name: 'heun' }, theory: 2 },
  { solver: { name: 'dpm2' }, theory: 2 },
  { solver: { name: 'ipndm', maxOrder: 1 }, theory: 1 },
  { solver: { name: 'ipndm', maxOrder: 2 }, theory: 2 },
  { solver: { name: 'ipndm', maxOrder: 2, variableStep: true }, theory: 2 },
  { solver: { name: 'ipndm', maxOrder: 3, variableStep: true }, theory: 3 },
  { solver: { name: 'ipndm', maxOrder: 4, variableStep: true }, theory: 4, observed: 3.65, why: STARTUP },
  { solver: { name: 'deis', maxOrder: 2 }, theory: 2 },
  { solver: { name: 'deis', maxOrder: 3 }, theory: 3 },
  { solver: { name: 'deis', maxOrder: 4 }, theory: 4, observed: 3.6, why: STARTUP },
  { solver: { name: 'deis', maxOrder: 3, mode: 'rhoab' }, theory: 3 },
  { solver: { name: 'paradigms', window: 50, tolerance: 0 }, theory: 1 },
  { solver: ensemble([0]), title: 'epd, one point in the middle', theory: 2 },
  { solver: ensemble([-1, 1]), title: 'epd, two points evenly about the middle', theory: 2 },
  { solver: ensemble([-1.5]), title: 'epd, one point that is not in the middle', theory: 1 },
  { solver: amedWith(0), title: 'amed, always in the middle', theory: 2 },
  { solver: amedWith(1), title: 'amed, never in the middle', theory: 1 },
  { solver: ensemble([0], 'ipndm'), title: 'epd on ipndm, one point in the middle', theory: 2 },
  { solver: uncorrectedOn('euler'), title: 'pas, nothing corrected', theory: 1 },
  { solver: uncorrectedOn('ipndm', 2), title: 'pas on ipndm, nothing corrected', theory: 2 },
  {
    ...{ solver: uncorrectedOn('deis', 4), title: 'pas on deis, nothing corrected', theory: 4, observed: 3.6 },
    why: STARTUP
  },
  ...predictions.flatMap((predicts): Ordered[] => [
    { solver: { name: 'dpmpp', maxOrder: 1, predicts, ...plain }, theory: 1 },
    { solver: { name: 'dpmpp', maxOrder: 2, predicts, ...plain }, theory: 2 },
    {
      ...{ solver: { name: 'dpmpp', maxOrder: 3, predicts, ...plain }, theory: 3, observed: 2.1 },
      why: 'its second difference has half the weight that order 3 asks for, as in the authors’ code'
    },
    { solver: { name: 'unipc', maxOrder: 1, predicts, ...plain }, theory: 2 },
    { solver: { name: 'unipc', maxOrder: 2, predicts, ...plain }, theory: 3 },
    { solver: { name: 'unipc', maxOrder: 3, predicts, ...plain }, theory: 4, observed: 2.95, why: STARTUP }
  ])
]

/** A solver in short. */
export function titleOf({ solver, title }: Ordered): string {
  if (title !== undefined || typeof solver === 'function') return title ?? ''
  const { name, ...options } = solver
  const shown = Object.entries(options).flatMap(([key, value]) => (value === false ? [] : [`${key} ${String(value)}`]))
  return [name, ...shown].join(', ')
}
