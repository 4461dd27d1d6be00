/** What a fit moves together: the parameters of a step, by its index, or the interior time points. */
export type Block = number | 'sigmas'

/** The free coordinates of a block. */
export interface Coordinates {
  readonly values: readonly number[]
  readonly lower: readonly number[]
  readonly upper: readonly number[]
  /** The most that each may move at once. */
  readonly reach: readonly number[]
}
