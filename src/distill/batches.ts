import { hashUniform } from '../random/hash-uniform.js'
import { pick, type Trajectories } from './trajectories.js'

/**
 * The trajectories of one iteration: each epoch goes through all of them in an order of its own, which the seed
 * decides.
 */
export function batchAt(training: Trajectories, batch: number, seed: number, iteration: number): Trajectories {
  const count = training.seeds.length
  const places = Array.from({ length: Math.min(batch, count) }, (_, k) => iteration * Math.min(batch, count) + k)
  const orders = new Map<number, number[]>()
  return pick(
    training,
    places.map(place => {
      const epoch = Math.floor(place / count)
      const order = orders.get(epoch) ?? shuffled(seed, epoch, count)
      orders.set(epoch, order)
      return order[place % count]
    })
  )
}

/** 0 to count - 1 in an order that the seed and the epoch decide (Fisher and Yates). */
function shuffled(seed: number, epoch: number, count: number): number[] {
  const random = hashUniform(`adam ${seed} ${epoch}`, 0, count)
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(((random[i] + 1) / 2) * (i + 1))
    ;[order[i], order[j]] = [order[j], order[i]]
  }
  return order
}
