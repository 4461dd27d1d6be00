import { amed, type AmedOptions } from './amed.js'
import { deis, type DeisOptions } from './deis.js'
import { dpm2, type Dpm2Options } from './dpm2.js'
import { dpmpp, type DpmppOptions } from './dpmpp.js'
import { epd, type EpdOptions } from './epd.js'
import { euler, type EulerOptions } from './euler.js'
import { heun, type HeunOptions } from './heun.js'
import { ipndm, type IpndmOptions } from './ipndm.js'
import { highestOrder } from './multistep.js'
import { paradigms, type ParadigmsOptions } from './paradigms.js'
import { unipc, type UnipcOptions } from './unipc.js'
import type { Problem, SolverRun } from './solver.js'

/** A solver by name, with its options. */
export type SolverOptions =
  | ({ readonly name: 'euler' } & EulerOptions)
  | ({ readonly name: 'heun' } & HeunOptions)
  | ({ readonly name: 'dpm2' } & Dpm2Options)
  | ({ readonly name: 'ipndm' } & IpndmOptions)
  | ({ readonly name: 'dpmpp' } & DpmppOptions)
  | ({ readonly name: 'unipc' } & UnipcOptions)
  | ({ readonly name: 'deis' } & DeisOptions)
  | ({ readonly name: 'paradigms' } & ParadigmsOptions)
  | ({ readonly name: 'epd' } & EpdOptions)
  | ({ readonly name: 'amed' } & AmedOptions)

/** A solver without learned parameters. */
export type PlainSolverOptions = Exclude<SolverOptions, { readonly name: 'epd' | 'amed' | 'paradigms' }>

/** Starts a solver on a problem. */
export function start(solver: SolverOptions, problem: Problem): SolverRun {
  switch (solver.name) {
    case 'euler':
      return euler(problem, solver)
    case 'heun':
      return heun(problem, solver)
    case 'dpm2':
      return dpm2(problem, solver)
    case 'ipndm':
      return ipndm(problem, solver)
    case 'dpmpp':
      return dpmpp(problem, solver)
    case 'unipc':
      return unipc(problem, solver)
    case 'deis':
      return deis(problem, solver)
    case 'paradigms':
      return paradigms(problem, solver)
    case 'epd':
      return epd(problem, solver)
    case 'amed':
      return amed(problem, solver)
  }
}

/** Solvers that take each sample for itself: its time points, or how many evaluations it takes, are its own. */
export function isOneByOne({ name }: Pick<SolverOptions, 'name'>): boolean {
  return name === 'paradigms' || name === 'amed'
}

/** @throws RangeError for an option that the solver cannot have, with its range */
export function checkOptions(solver: SolverOptions, model: { readonly features?: unknown }): void {
  const within = (what: string, value: number, least: number, most: number) => {
    if (!(Number.isInteger(value) && value >= least && value <= most))
      throw new RangeError(`${solver.name}: ${what} must be a whole number from ${least} to ${most}, found ${value}`)
  }
  if ('maxOrder' in solver && solver.maxOrder !== undefined) {
    const method = 'base' in solver ? (solver.base ?? 'euler') : solver.name
    within('maxOrder', solver.maxOrder, 1, highestOrder(method))
  }
  if (solver.name === 'paradigms') within('window', solver.window, 1, Number.MAX_SAFE_INTEGER)
  if (solver.name === 'dpm2' && solver.r !== undefined && !(solver.r > 0 && solver.r <= 1))
    throw new RangeError(`dpm2: r must be above 0 and at most 1, found ${solver.r}`)
  if (solver.name === 'amed' && !model.features)
    throw new RangeError("amed: looks at the bottleneck of the model's network, which this model does not show")
}
