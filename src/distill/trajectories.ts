import type { Condition } from '../models/denoiser.js'
import { isSameLevel } from '../solvers/grids.js'

/** Where a teacher led each seed, at the student's time points or at others that include them. */
export interface Trajectories {
  readonly seeds: readonly number[]
  /** states[i]: [seeds, ...shape], the states at time point i; states[0] is the noise that all starts from. */
  readonly states: readonly Float64Array[]
  /** The falling noise levels of the states, where they are not the student's time points. */
  readonly sigmas?: Float64Array
  /** For each of the seeds. */
  readonly condition?: Condition
}

/** Shards, in the order they come, as one. */
export async function gather(shards: AsyncIterable<Trajectories>): Promise<Trajectories> {
  const all: Trajectories[] = []
  for await (const shard of shards) all.push(shard)
  return join(all)
}

/** Trajectories one after the other. */
export function join(parts: readonly Trajectories[]): Trajectories {
  if (parts.length === 0) throw new RangeError('distill: there are no trajectories')
  const points = parts[0].states.length
  if (parts.some(({ states }) => states.length !== points))
    throw new RangeError('distill: the trajectories differ in their number of time points')
  const labels = parts.map(({ condition }) => condition?.labels)
  const labelled = labels.filter(each => each !== undefined)
  if (labelled.length > 0 && labelled.length < parts.length)
    throw new RangeError('distill: some trajectories have labels and others none')
  const prompts = parts.flatMap(({ condition }) => condition?.prompts ?? [])
  return {
    seeds: parts.flatMap(({ seeds }) => seeds),
    states: parts[0].states.map((_, i) => concatenate(parts.map(({ states }) => states[i]))),
    ...(parts[0].sigmas && { sigmas: parts[0].sigmas }),
    condition: parts[0].condition && {
      labels: labelled.length > 0 ? Int32Array.from(labelled.flatMap(each => [...each])) : undefined,
      prompts: prompts.length > 0 ? prompts : undefined
    }
  }
}

/** Trajectories of which the ends alone are known: so many states, all but the last of them the noise. */
export function ends({ seeds, states, condition }: Trajectories, count: number): Trajectories {
  return {
    seeds,
    condition,
    states: Array.from({ length: count }, (_, i) => (i + 1 < count ? states[0] : states[states.length - 1]))
  }
}

/**
 * Trajectories at these time points alone.
 * @throws RangeError where they have no state at one of them
 */
export function atTimePoints(trajectories: Trajectories, points: ArrayLike<number>): Trajectories {
  const { sigmas: levels, states, ...rest } = trajectories
  if (!levels) return trajectories
  const at = Array.from(points, point => {
    const place = levels.findIndex(level => isSameLevel(level, point))
    if (place >= 0) return states[place]
    throw new RangeError(`distill: the trajectories have no state at the student's time point ${point}`)
  })
  return { ...rest, states: at }
}

/** The state of one sample at a time point. */
export function stateOf({ seeds, states }: Trajectories, i: number, sample: number): Float64Array {
  const size = states[i].length / seeds.length
  return states[i].subarray(sample * size, (sample + 1) * size)
}

/** The trajectories of the samples at these places. */
export function pick(trajectories: Trajectories, places: readonly number[]): Trajectories {
  const { seeds, states, sigmas, condition } = trajectories
  const size = states[0].length / seeds.length
  return {
    seeds: places.map(place => seeds[place]),
    states: states.map(state => concatenate(places.map(place => state.subarray(place * size, (place + 1) * size)))),
    ...(sigmas && { sigmas }),
    condition: condition && {
      labels: condition.labels && Int32Array.from(places, place => condition.labels?.[place] ?? 0),
      prompts: condition.prompts && places.map(place => condition.prompts?.[place] ?? '')
    }
  }
}

export function concatenate(arrays: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(arrays.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const array of arrays) {
    all.set(array, at)
    at += array.length
  }
  return all
}
