/** How the times of a flow are spaced: evenly, and then shifted towards noise. */
export interface FlowSpacing {
  /** t' = shift t / (1 + (shift - 1) t) (Esser et al. 2024, arXiv 2403.03206, Eq. 23); default: 1. */
  readonly shift?: number
  /** In place of shift, which is e^mu: what diffusers' pipelines of FLUX compute from the size of an image. */
  readonly mu?: number
  /**
   * Whether times are shifted twice: the ends of the range first, then all times between the shifted ends. diffusers'
   * FlowMatchEulerDiscreteScheduler without dynamic shifting does so: its constructor shifts the range of training, and
   * set_timesteps spaces times between these ends and shifts them again.
   */
  readonly shifted?: 'twice'
  /** The last time above 0 before it is shifted; default: 1 / 1000. */
  readonly last?: number
}

export const LAST_TIME = 1 / 1000

/** The times t of a flow from 1 to the last one above 0, `count` of them. */
export function flowTimes(spacing: FlowSpacing, count: number): number[] {
  const { shifted, last = LAST_TIME } = spacing
  const shift = shiftOf(spacing)
  const end = shifted === 'twice' ? shift(last) : last
  // No shift moves t = 1, but rounding might.
  return Array.from({ length: count }, (_, i) => (i === 0 ? 1 : shift(1 + (i / (count - 1)) * (end - 1))))
}

/** The last of these times. */
export function lastFlowTime(spacing: FlowSpacing): number {
  return flowTimes(spacing, 2)[1]
}

function shiftOf({ shift, mu }: FlowSpacing): (time: number) => number {
  const by = shift ?? (mu === undefined ? 1 : Math.exp(mu))
  return time => (by * time) / (1 + (by - 1) * time)
}
