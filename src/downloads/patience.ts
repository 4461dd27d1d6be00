/** A wait for a server that ends when no byte has come for too long. */
export interface Patience {
  readonly signal: AbortSignal
  /** Whether it has ended. */
  readonly isOver: () => boolean
  /** Must be called when something has come. */
  readonly renew: () => void
  readonly end: () => void
}

const TOLD_AFTER = 5

/**
 * Waits for a server. `onSilence` is called each second, after the first five, with the seconds in which nothing has
 * come.
 */
export function patience(seconds: number, outer: AbortSignal, onSilence: (seconds: number) => void): Patience {
  const controller = new AbortController()
  let since = performance.now()
  const tick = () => {
    const silent = (performance.now() - since) / 1000
    if (silent >= seconds) controller.abort(new Error(`no byte for ${seconds} seconds`))
    else if (silent >= TOLD_AFTER) onSilence(Math.floor(silent))
  }
  const timer = setInterval(tick, Math.min(1000, seconds * 500))
  return {
    signal: AbortSignal.any([outer, controller.signal]),
    isOver: () => controller.signal.aborted,
    renew() {
      since = performance.now()
    },
    end() {
      clearInterval(timer)
    }
  }
}
