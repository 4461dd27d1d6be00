import { EpdError } from '../errors.js'
import type { Metric } from '../store/store.js'

/**
 * What the work finds, if all of it is numbers; else it is said of which metric and samples it is that a score is none.
 * @throws EpdError `score-undefined`
 */
export async function naming<Found extends Metric | readonly Metric[]>(
  names: string,
  samples: string,
  work: () => Promise<Found>
): Promise<Found> {
  const none = (name: string, reason: string, cause?: unknown) =>
    new EpdError('score-undefined', `${name} of "${samples}" is no finite number: ${reason}`, { cause })
  const found = await work().catch((error: unknown) => {
    throw error instanceof EpdError && error.code === 'score-undefined' ? none(names, error.message, error) : error
  })
  for (const { name, value } of [found].flat())
    if (!Number.isFinite(value))
      throw none(name, value === Infinity && name === 'psnr' ? EQUAL : `it comes to ${value}`)
  return found
}

const EQUAL = 'an image equals that of the reference; leave psnr out, or compare other samples'

/** Lets the screen, Ctrl-C and the store's heartbeat have their turn. */
export function breathe(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  return new Promise(resolve => setImmediate(resolve))
}
