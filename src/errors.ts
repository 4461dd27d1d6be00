/** What went wrong, for a caller that may act on it. */
export type ErrorCode =
  | 'usage'
  | 'spec-invalid'
  | 'checkpoint-missing'
  | 'checkpoint-invalid'
  | 'download-failed'
  | 'images-invalid'
  | 'predictor-invalid'
  | 'predictor-mismatch'
  | 'no-table'
  | 'model-invalid'
  | 'model-output'
  | 'engine-failed'
  | 'score-undefined'
  | 'store-version'
  | 'store-unwritable'
  | 'store-corrupt'
  | 'store-lost'
  | 'claim-lost'
  | 'run-in-use'
  | 'archive-invalid'
  | 'order-invalid'
  | 'worker-failed'
  | 'executor-failed'
  | 'not-found'
  | 'query-failed'
  | 'interrupted'

/**
 * What a caller may do about an error, where that is done by a means of the caller's own: an option, another call,
 * another program.
 */
export type WayOut =
  /** Open another folder as the store. */
  | 'another-store'
  /** Open a folder in place of the file that was named as the store. */
  | 'another-folder'
  /** Open another folder as the store, or copy this one to where it can be written. */
  | 'writable-store'
  /** Copy the store to where it can be written and read the copy, or have one read it who may write it. */
  | 'writable-copy'
  /** Raise a limit of the process, which the message names. */
  | 'raise-limit'
  /** Move what is in the place of the store away, or open another folder. */
  | 'replace-store'
  /** Free some space on the store's disk, or open a folder on another disk. */
  | 'more-space'
  /** Open a folder where a store is, or run an experiment in this one first. */
  | 'make-store'
  /** Install a newer version of this package, or open another folder as the store. */
  | 'newer-version'
  /** Read the predictor anew from the file that is the error's subject. */
  | 'import-again'
  /** Say what the numbers of a list are. */
  | 'say-list'
  /** Say which solver a list of time points is for. */
  | 'say-solver'
  /** Say which configuration something was trained with. */
  | 'say-configuration'
  /** Load the experiment with `allowMismatch`. */
  | 'allow-mismatch'
  /** Read the predictor under another `name`. */
  | 'another-name'
  /** Name the model to sample with. */
  | 'name-model'
  /** Take a name of `listPredictors`. */
  | 'list-predictors'
  /** Obtain what the experiment reads; a run does that by itself. */
  | 'download'
  /** Look at `results` of the store for what samples have. */
  | 'show-run'
  /** Choose among the samples by `where`, such as the error's subject. */
  | 'choose-samples'
  /** Have a row for each stage of samples, by `rows`, or choose among them by `where`, such as the error's subject. */
  | 'choose-rows'
  /** Ask `diagnose` which engines there are. */
  | 'list-engines'
  /** Listen at another port, or at any that is free: port 0. */
  | 'another-port'
  /** Make statistics of the images with this network. */
  | 'make-statistics'

/** One of several things that are wrong, as data. */
export interface Fault {
  readonly message: string
  /**
   * What it is about, if not told by its code: an option that the message begins with, a file, a value of an option.
   */
  readonly subject?: string
  readonly wayOut?: WayOut
  /** What of the message another program has written, in as many lines as it did. The rest of it is one line. */
  readonly quoted?: string
}

/** What a caller may act on, beside an error's code and message. */
export interface ErrorDetails {
  readonly subject?: string
  readonly wayOut?: WayOut
  /** What of the message another program has written, in as many lines as it did. */
  readonly quoted?: string
  /** All that is wrong, where the message has a line for each. */
  readonly faults?: readonly Fault[]
  readonly cause?: unknown
}

/**
 * A failure that the caller can do something about. The message says what is wrong and where, in one line; `wayOut`
 * what may be done.
 */
export class EpdError extends Error implements Fault {
  override readonly name = 'EpdError'
  readonly subject?: string
  readonly wayOut?: WayOut
  readonly quoted?: string
  readonly faults?: readonly Fault[]
  constructor(
    readonly code: ErrorCode,
    message: string,
    { subject, wayOut, quoted, faults, cause }: ErrorDetails = {}
  ) {
    super(message, cause === undefined ? undefined : { cause })
    if (subject !== undefined) this.subject = subject
    if (wayOut !== undefined) this.wayOut = wayOut
    if (quoted !== undefined) this.quoted = quoted
    if (faults !== undefined) this.faults = faults
  }
}

/** What is said of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
