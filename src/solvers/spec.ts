import type { BaseName } from './base.js'
import type { ScheduleType } from './schedule.js'

/** Solvers as plain data: what a spec resolves to, what is stored, and what a predictor is kept with. */
export type SolverSpec = (PlainSolver | ParadigmsSolver | EpdSolver | AmedSolver) & OnGrid

/** A solver that something is learned for: a predictor, or its time points. */
export type StudentSpec = (PlainSolver | EpdSolver | AmedSolver) & OnGrid

export interface ScheduleSpec {
  readonly type: ScheduleType
  readonly rho: number
  readonly sigmaMin: number
  readonly sigmaMax: number
}

/** A schedule with its number of time points. */
export interface GridSpec extends ScheduleSpec {
  readonly numSteps: number
}

export interface OnGrid {
  readonly schedule: ScheduleSpec
  /** Time points. */
  readonly numSteps: number
  /** Parallel evaluations. */
  readonly nfe: number
}

interface Exponential {
  readonly afs: boolean
  readonly maxOrder: number
  readonly predicts: 'data' | 'noise'
  readonly thresholding: boolean
  readonly lowerOrderFinal: boolean
}

export type PlainSolver =
  | { readonly name: 'euler'; readonly afs: boolean }
  | { readonly name: 'heun'; readonly afs: boolean }
  | { readonly name: 'dpm2'; readonly afs: boolean; readonly r: number }
  | { readonly name: 'ipndm'; readonly afs: boolean; readonly maxOrder: number; readonly variableStep: boolean }
  | ({ readonly name: 'dpmpp' } & Exponential)
  | ({ readonly name: 'unipc'; readonly variant: 'bh1' | 'bh2' } & Exponential)
  | { readonly name: 'deis'; readonly afs: boolean; readonly maxOrder: number; readonly mode: 'tab' | 'rhoab' }

/** Picard iteration; `nfe` is the most that it takes. */
export interface ParadigmsSolver {
  readonly name: 'paradigms'
  readonly window: number
  readonly tolerance: number
}

/** EPD without its predictor. */
export interface EpdSolver {
  readonly name: 'epd'
  readonly afs: boolean
  readonly points: number
  readonly scaleDir: number
  readonly scaleTime: number
  readonly base: BaseName
  readonly maxOrder: number
}

/** AMED without its network. */
export interface AmedSolver {
  readonly name: 'amed'
  readonly afs: boolean
  readonly scaleDir: number
  readonly scaleTime: number
  /** Of AMED-Plugin; absent: AMED-Solver. */
  readonly base?: BaseName
  readonly maxOrder: number
}

export function gridOf({ schedule, numSteps }: OnGrid): GridSpec {
  return { ...schedule, numSteps }
}

/** Time points in words. */
export function describeGrid({ numSteps, type, rho, sigmaMin, sigmaMax }: GridSpec): string {
  return `${numSteps} ${type}${type === 'logsnr' ? '' : ` rho ${rho}`} from ${sigmaMax} to ${sigmaMin}`
}
