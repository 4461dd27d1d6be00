import type { Feed, Numbers, Session } from './session.js'

/** An engine's word for a device whose memory is full. */
const OUT_OF_MEMORY = /out of memory|out-of-memory|failed to allocate|bad_alloc|CUDA_ERROR_OUT_OF_MEMORY|\bOOM\b/i

/**
 * Sessions of the same network, one a device, as one: a batch goes to the session that has least to do. Where a
 * device's memory does not hold a batch, it is halved, then and from then on, and `onNote` is told.
 */
export function pooled(sessions: readonly Session[], onNote: (message: string) => void = () => undefined): Session {
  const waiting = sessions.map(() => 0)
  let most = Infinity

  async function once(feeds: readonly Feed[]): Promise<readonly Numbers[]> {
    const k = waiting.indexOf(Math.min(...waiting))
    waiting[k]++
    try {
      return await sessions[k].run(feeds.map(feed => ({ ...feed, data: feed.data.slice() })))
    } finally {
      waiting[k]--
    }
  }
  async function run(feeds: readonly Feed[]): Promise<readonly Numbers[]> {
    const [batch] = feeds[0].shape
    if (batch > most) return inParts(feeds, most, run)
    try {
      return await once(feeds)
    } catch (error) {
      if (batch === 1 || !(error instanceof Error && OUT_OF_MEMORY.test(error.message))) throw error
      const half = Math.ceil(batch / 2)
      if (half < most) {
        most = half
        onNote(`the device's memory does not hold a batch of ${batch}; going on with ${half}`)
      }
      return run(feeds)
    }
  }
  return {
    run,
    elapsed: () => Math.max(...sessions.map(session => session.elapsed())),
    held: () => sessions[0].held(),
    async close() {
      await Promise.all(sessions.map(session => session.close()))
    }
  }
}

/** A batch in parts of so many samples at most, one after the other. */
export async function inParts(feeds: readonly Feed[], size: number, run: Session['run']): Promise<readonly Numbers[]> {
  const [batch] = feeds[0].shape
  const answers: (readonly Numbers[])[] = []
  for (let from = 0; from < batch; from += size) {
    const count = Math.min(size, batch - from)
    answers.push(await run(feeds.map(feed => samples(feed, from, count))))
  }
  return answers[0].map((_, output) => joined(answers.map(answer => answer[output])))
}

function samples({ name, shape, data }: Feed, from: number, count: number): Feed {
  const size = data.length / shape[0]
  return { name, shape: [count, ...shape.slice(1)], data: data.slice(from * size, (from + count) * size) }
}

function joined(parts: readonly Numbers[]): Numbers {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const all = parts[0] instanceof Float64Array ? new Float64Array(length) : new Float32Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
