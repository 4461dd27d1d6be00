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
  | 'model-invalid'
  | 'model-output'
  | 'engine-failed'
  | 'score-undefined'
  | 'store-version'
  | 'store-unwritable'
  | 'store-corrupt'
  | 'claim-lost'
  | 'not-found'
  | 'query-failed'
  | 'interrupted'

/** A failure that the user can do something about: the message says what, where and the way out, in one line. */
export class EpdError extends Error {
  override readonly name = 'EpdError'
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown }
  ) {
    super(message, options)
  }
}
