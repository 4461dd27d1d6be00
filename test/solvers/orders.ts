import type { SolverOptions } from '../../src/solvers/options.js'

/** A solver, the order that its theory gives it on smoothly graded time points, and the one that is to be observed. */
export interface Ordered {
  readonly solver: Exclude<SolverOptions, { name: 'epd' | 'paradigms' }>
  readonly theory: number
  /** Default: as the theory says. */
  readonly observed?: number
  readonly why?: string
}

const plain = { thresholding: false, lowerOrderFinal: false } as const
const predictions = ['data', 'noise'] as const
const STARTUP = 'the steps of lower order at its start show'

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
