/** A target with all that a process needs to give it input. */
interface Task {
  readonly target: string
  /** A folder of its own. */
  readonly folder: string
}

/** Has a process look for input that a reader fails at. */
export interface Hunt extends Task {
  readonly kind: 'hunt'
  readonly seed: string
  readonly milliseconds: number
  /** Inputs that have reached something new before. */
  readonly corpus: readonly Buffer[]
  /** The file that tells which input is being read. */
  readonly trace: string
}

/** Has a process read one input, without counting, to see what comes of it. */
export interface Check extends Task {
  readonly kind: 'check'
  readonly input: Buffer
}

export interface Finding {
  readonly kind: 'error' | 'slow' | 'memory'
  readonly message: string
  readonly input: Buffer
}

export type Answer =
  | { readonly kind: 'kept'; readonly input: Buffer }
  | { readonly kind: 'found'; readonly finding: Finding }
  | { readonly kind: 'begun' }
  | { readonly kind: 'checked'; readonly fault?: string; readonly milliseconds: number; readonly memory: number }
  | { readonly kind: 'done'; readonly runs: number; readonly reached: number; readonly arms: number }

/** Milliseconds of computing that no input may take. */
export const SLOW = 2000
/** Bytes of memory that no input may take. */
export const LARGE = 256 * 2 ** 20

/** The bytes of a trace before the input: the number of inputs so far, and the length of this one. */
export const TRACE_HEAD = 8
