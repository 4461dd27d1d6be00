import { deis, type DeisOptions } from './deis.js'
import { dpm2, type Dpm2Options } from './dpm2.js'
import { dpmpp, type DpmppOptions } from './dpmpp.js'
import { epd, type EpdOptions } from './epd.js'
import { euler, type EulerOptions } from './euler.js'
import { heun, type HeunOptions } from './heun.js'
import { ipndm, type IpndmOptions } from './ipndm.js'
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
  }
}
