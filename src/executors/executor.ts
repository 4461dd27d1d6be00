import type { KeySchemas } from '../reading/keys.js'

/** A worker that was asked for: it computes some shards of a work order. */
export interface Job {
  /** What the executor knows it by. */
  readonly id: string
  /** The positions of its shards, from the first to the last; both are 0 where the stage is computed whole. */
  readonly first: number
  readonly last: number
}

/** The shards that one worker is to compute, from the first position to the last. */
export type Share = Pick<Job, 'first' | 'last'>

/**
 * What is known of a job. Nothing rests on it but when a share is given out again: done means that its records are
 * there.
 */
export type Standing = 'waiting' | 'running' | 'gone'

/** Where workers run. */
export interface Executor {
  /** Names a job for each share. Nothing is started, so that the names can be noted before anything is. */
  name(shares: readonly Share[]): readonly Job[]
  /**
   * Asks for the workers of jobs that were named, of an order whose file every worker can read. It does not wait for
   * them. `place` is the stage's in the run, from 0: an executor that chooses which worker starts next takes an earlier
   * stage's.
   */
  submit(order: string, jobs: readonly Job[], place: number): Promise<void>
  /** How jobs stand; one that is not known any more is gone. */
  standings(jobs: readonly Job[]): Promise<ReadonlyMap<string, Standing>>
  cancel(jobs: readonly Job[]): Promise<void>
  /** The file of what a job's worker has printed, in the folder of orders. */
  log(job: Job): string
  /** Resolves as soon as a job may have ended, or after some milliseconds. */
  pause(milliseconds: number, signal: AbortSignal): Promise<void>
}

/** What every executor is opened with. */
export interface ExecutorPlace {
  /** The folder of orders and logs. */
  readonly orders: string
  /** Workers at once; default: what the executor takes for that. */
  readonly jobs?: number
  /** Further arguments of every worker's command line. */
  readonly workerArguments: readonly string[]
}

/**
 * All that the program knows of an executor; `registry.ts` lists them. Methods take the options of their own executor,
 * which the registry sees to.
 */
export interface ExecutorDescriptor<Options = Readonly<Record<string, unknown>>> {
  readonly name: string
  /** What it is, in a sentence. */
  readonly description: string
  /** The keys of `execution` that it alone has. */
  readonly keys: KeySchemas
  /** Whether its workers end with the process that asked for them. */
  readonly endsWithUs: boolean
  /** Milliseconds between two looks at what workers have left. */
  readonly interval: number
  open(options: Options, place: ExecutorPlace): Executor
}
