import { at } from '../reading/plain.js'
import type { Metric, RunStage } from './records.js'
import type { Store } from './store.js'

/** A score that is too high because it rests on few images. */
interface Biased {
  readonly name: string
  readonly of: string
  readonly bias: number
  readonly count: number
}

/** What is to be known of a run's scores beside their values, a line each: how much too high they are, and the floor. */
export function scoreNotes(store: Pick<Store, 'metrics'>, stages: readonly RunStage[]): string[] {
  const scores = stages.flatMap(({ key }) => store.metrics(key))
  const nameOf = (key: string) => stages.find(stage => stage.key === key)?.name ?? key
  const groups = new Map<string, Biased[]>()
  for (const one of scores.flatMap(score => biasedBy(score, nameOf))) {
    const key = `${one.name} ${one.count}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...[...groups.values()].map(biasOf), ...new Set(scores.flatMap(floorOf))]
}

function biasedBy({ name, samplesKey, count, details }: Metric, nameOf: (key: string) => string): Biased[] {
  const bias = at(details, ['bias'])
  return typeof bias === 'number' ? [{ name, of: nameOf(samplesKey), bias, count }] : []
}

/** Scores of one metric by as many images. */
function biasOf(scores: readonly Biased[]): string {
  const [{ name, of, count }] = scores
  const biases = scores.map(({ bias }) => bias)
  const [least, most] = [Math.min(...biases), Math.max(...biases)].map(bias => bias.toPrecision(2))
  const range = least === most ? most : `${least} to ${most}`
  return scores.length === 1
    ? `${name} of ${of}: about ${range} too high, from ${count} images`
    : `${name}, ${scores.length} values: about ${range} too high, from ${count} images each`
}

/** What a distance comes to between real images, which no sampler can be expected to fall below. */
function floorOf({ name, details }: Metric): string[] {
  const floor = at(details, ['floor', 'value'])
  return typeof floor === 'number'
    ? [`${name} of ${String(at(details, ['floor', 'of']))}: ${floor.toPrecision(4)}`]
    : []
}
