import type { Flags } from './flags.js'

export interface GarbageFlags extends Flags {
  readonly dryRun?: boolean
  readonly downloads?: boolean
}

export interface ArchiveFlags extends Flags {
  readonly out: string
}

export interface InitFlags extends Flags {
  readonly out?: string
}
