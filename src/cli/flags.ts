import type { ListKind } from '../predictors/time-list.js'
import type { ExecutionFlags } from './execution.js'

/** How tables can be printed. */
export const FORMATS = ['text', 'markdown', 'csv', 'latex'] as const

export type Format = (typeof FORMATS)[number]

/** The options of every command that reads a store. */
export interface Flags {
  readonly store: string
  readonly json?: boolean
  readonly verbose?: boolean
}

/** The options of every command that reads a spec. */
export interface SpecFlags extends Flags {
  readonly set?: string[]
  readonly allowMismatch?: boolean
}

export interface RunFlags extends SpecFlags, ExecutionFlags {
  readonly dryRun?: boolean
}

export interface DoctorFlags extends SpecFlags {
  readonly executor?: string
  readonly jobs?: number
}

export interface ResumeFlags extends Flags, ExecutionFlags {}

/** What import is told of a file that does not say it itself. */
export interface ImportFlags extends Flags {
  readonly name?: string
  readonly solver?: string
  readonly lists?: ListKind
  readonly configuration?: string
}
