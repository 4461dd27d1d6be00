import type { Job, Share } from '../executors/executor.js'

/** Whether a position is among the shards of a share. */
export function covers({ first, last }: Share, position: number): boolean {
  return position >= first && position <= last
}

/** How shards are put together for workers. */
export interface Sharing {
  /** Shards of the stage, and the evaluations of the model that they take together. */
  readonly count: number
  readonly evaluations: number
  /** About how many evaluations one worker is to do. */
  readonly wanted: number
  /** Workers at once. */
  readonly jobs: number
}

/**
 * Positions, from the lowest, as shares of about as many evaluations as are wanted, but enough shares for all workers.
 */
export function sharesOf(positions: readonly number[], { count, evaluations, wanted, jobs }: Sharing): Share[] {
  const fitting = Math.floor((wanted * count) / Math.max(evaluations, 1))
  const fair = Math.ceil(positions.length / jobs)
  const most = Math.max(1, Math.min(fitting, fair))
  const shares: { first: number; last: number }[] = []
  for (const position of positions) {
    const before = shares.at(-1)
    if (before?.last === position - 1 && position - before.first < most) before.last = position
    else shares.push({ first: position, last: position })
  }
  return shares
}

/** The positions that no job is at. */
export function uncovered(positions: readonly number[], jobs: readonly Job[]): number[] {
  const taken = new Set<number>()
  for (const { first, last } of jobs) for (let position = first; position <= last; position++) taken.add(position)
  return positions.filter(position => !taken.has(position))
}
