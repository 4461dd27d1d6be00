import type { PairMeasure, SampleSet } from '../metrics/metric.js'
import { samplesBySeed } from '../metrics/pairs.js'
import { child } from '../reading/plain.js'
import { sampleSet } from '../stages/score-samples.js'
import type { ResultRow, RunStage, Store } from '../store/store.js'
import { imagesKeyOf } from './sampled.js'

/** How a metric differs between two sets of samples, seed by seed. */
export interface PairedDifference {
  /** Seeds that both sets and their reference have; 2 or more. */
  readonly seeds: number
  /** The mean over these seeds of the second's value minus the first's. */
  readonly mean: number
  /** The standard error of that mean: the standard deviation (divisor n - 1) over the root of n. */
  readonly standardError: number
  /** Whether the mean is further from 0 than twice its standard error, which chance alone passes in about 1 of 20. */
  readonly isMoreThanSpread: boolean
}

/** What a metric says of each seed's sample, against the samples of the stage of this key. */
export interface PerSeed {
  readonly reference: string
  readonly values: ReadonlyMap<number, number>
}

/** Reads what a metric says of each sample of a result; undefined where the reference's samples are not known. */
export type PerSeedReader = (
  runId: string,
  row: ResultRow,
  metric: string,
  measure: PairMeasure
) => Promise<PerSeed | undefined>

/**
 * A reader that computes each set of samples once, and reads each reference once.
 * @param most the most seeds of a set that are looked at; by default all
 */
export function perSeedReader(store: Store, signal: AbortSignal, most = Infinity): PerSeedReader {
  const runs = remembered((id: string) => store.runStages(id))
  const references = remembered((key: string) => sampleSet('reference', { images: key }, store, signal))
  const known = new Map<string, Promise<ReadonlyMap<number, number>>>()
  return async (runId, row, metric, measure) => {
    const stages = runs(runId)
    const reference = referenceOf(store, stages, row, metric)
    if (reference === undefined) return undefined
    const samples = imagesKeyOf(stages, row.samples) ?? row.key
    const name = JSON.stringify([samples, reference, metric])
    const set = sampleSet('samples', { images: samples }, store, signal)
    const made = known.get(name) ?? measured(set, references(reference), measure, most)
    known.set(name, made)
    return { reference, values: await made }
  }
}

/** What a function comes to, once for each key. */
function remembered<Value>(find: (key: string) => Value): (key: string) => Value {
  const known = new Map<string, Value>()
  return key => {
    const value = known.get(key) ?? find(key)
    known.set(key, value)
    return value
  }
}

/** The key of what holds the images that a score was measured against. */
function referenceOf(
  store: Store,
  stages: readonly RunStage[],
  { key, score }: ResultRow,
  metric: string
): string | undefined {
  const scoring = stages.find(({ name }) => name === score)
  const scored = scoring && store.metrics(scoring.key).find(one => one.samplesKey === key && one.name === metric)
  const against = child(scored?.details, 'against')
  const found = stages.find(({ name }) => name === against)
  return found?.stage?.kind === 'sample' ? imagesKeyOf(stages, found.name) : undefined
}

async function measured(
  samples: SampleSet,
  reference: SampleSet,
  measure: PairMeasure,
  most: number
): Promise<ReadonlyMap<number, number>> {
  const truths = await samplesBySeed(reference)
  const found = new Map<number, number>()
  for await (const { seeds, values, size } of samples.values())
    for (const [i, seed] of seeds.entries()) {
      if (found.size >= most) return found
      const truth = truths.get(seed)
      if (truth?.length === size) found.set(seed, measure(values.subarray(i * size, (i + 1) * size), truth))
    }
  return found
}

/** What the second's values are more than the first's, over the seeds that both have; none with another reference. */
export function seedDifferences(first: PerSeed | undefined, second: PerSeed | undefined): number[] {
  if (!second || first?.reference !== second.reference) return []
  const differences = [...first.values].flatMap(([seed, value]) => {
    const other = second.values.get(seed)
    return other === undefined ? [] : [other - value]
  })
  return differences.filter(Number.isFinite)
}

/** The mean of two or more numbers, with its standard error. */
export function meanWithError(values: readonly number[]): Pick<PairedDifference, 'mean' | 'standardError'> {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length
  const variance = values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (values.length - 1)
  return { mean, standardError: Math.sqrt(variance / values.length) }
}

/** The difference over the seeds that both have; undefined without two of them, or with another reference. */
export function pairedDifference(
  first: PerSeed | undefined,
  second: PerSeed | undefined
): PairedDifference | undefined {
  const differences = seedDifferences(first, second)
  if (differences.length < 2) return undefined
  const { mean, standardError } = meanWithError(differences)
  return { seeds: differences.length, mean, standardError, isMoreThanSpread: Math.abs(mean) > 2 * standardError }
}
