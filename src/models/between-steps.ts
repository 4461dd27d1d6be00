import type { Feed, Session } from '../engines/session.js'
import { INPUTS } from '../networks/network.js'

/** A network that takes whole steps, asked between two: what lies between its answers to both. */
export function betweenSteps(session: Session): Session {
  const at = (feeds: readonly Feed[], round: (step: number) => number): Feed[] =>
    feeds.map(feed => ({ ...feed, data: feed.name === INPUTS.noise ? feed.data.map(round) : feed.data.slice() }))
  return {
    ...session,
    async run(feeds, prompts) {
      const steps = feeds.find(({ name }) => name === INPUTS.noise)?.data ?? new Float32Array(0)
      const [below] = await session.run(at(feeds, Math.floor), prompts)
      const [above] = await session.run(at(feeds, Math.ceil), prompts)
      const size = below.length / steps.length
      return [
        Float64Array.from(below, (value, i) => {
          const step = steps[Math.floor(i / size)]
          return value + (step - Math.floor(step)) * (above[i] - value)
        })
      ]
    }
  }
}
