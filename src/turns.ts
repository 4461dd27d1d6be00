/** Milliseconds of work between two turns of the event loop. */
const SLICE = 50

/**
 * A function for long computations to await between their parts: now and then it lets signals, timers and the screen
 * have their turn.
 * @throws what the signal was aborted with
 */
export function turns(signal?: AbortSignal): () => Promise<void> | undefined {
  let last = performance.now()
  return () => {
    if (performance.now() - last < SLICE) return undefined
    return new Promise<void>((resolve, reject) => {
      setImmediate(() => {
        last = performance.now()
        if (signal?.aborted) reject(reasonOf(signal))
        else resolve()
      })
    })
  }
}

/**
 * What a promise comes to, unless the signal is aborted before: then it fails with the signal's reason, and the work
 * goes on unheard.
 */
export function abortable<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const stop = () => {
      reject(reasonOf(signal))
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop)
    })
  })
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
