/** What must not outlive this process, such as programs that it has started. */
const cleanups = new Set<() => void>()
let listening = false

/**
 * Has a synchronous function called once before the process ends, unless it is taken back. Returns what takes it back.
 */
export function beforeLeaving(cleanup: () => void): () => void {
  if (!listening) process.on('exit', leave)
  listening = true
  cleanups.add(cleanup)
  return () => {
    cleanups.delete(cleanup)
  }
}

/** Calls what is still to be called; for a process that ends itself by a signal, which has no exit event. */
export function leave(): void {
  for (const cleanup of cleanups) {
    cleanups.delete(cleanup)
    try {
      cleanup()
    } catch {
      // The other cleanups are still needed, and nobody is left to act on this one.
    }
  }
}
