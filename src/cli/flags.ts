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

export interface RunFlags extends SpecFlags {
  readonly dryRun?: boolean
}
