/** How much was done at some moments of the last half minute. Times are in milliseconds. */
export interface Measured {
  readonly samples: readonly Sample[]
}

interface Sample {
  readonly time: number
  readonly done: number
}

/** Milliseconds that a rate looks back, and the least between two moments that are remembered. */
const [WINDOW, APART] = [30_000, 250]

/** Adds a moment. The last one is replaced where it is hardly older, so that a few remain. */
export function measured(before: Measured | undefined, sample: Sample): Measured {
  const samples = before?.samples ?? []
  const [last, one] = [samples.at(-1), samples.at(-2)]
  const isClose = last && one && last.time - one.time < APART
  const kept = isClose ? samples.slice(0, -1) : samples
  const old = kept.findLastIndex(({ time }) => sample.time - time >= WINDOW)
  return { samples: [...kept.slice(Math.max(old, 0)), sample] }
}

/** Units a second up to now; undefined where nothing was done yet. */
export function rateOf({ samples }: Measured, time: number): number | undefined {
  const [first, last] = [samples.at(0), samples.at(-1)]
  if (!first || !last || last.done <= first.done) return undefined
  // A batch that takes long is under way: what is silent for longer than usual has become slower.
  const steps = samples.slice(1).map((sample, i) => sample.time - samples[i].time)
  const usual = Math.max(...steps)
  const silent = Math.max(time - last.time - usual, 0)
  const seconds = (last.time - first.time + silent) / 1000
  return seconds > 0 ? (last.done - first.done) / seconds : undefined
}
