import type { PairMeasure } from '../metrics/metric.js'
import { child } from '../reading/plain.js'
import { decodedName } from '../stages/decoded-name.js'
import { sampleSet } from '../stages/score-samples.js'
import type { ResultRow, RunStage, Store } from '../store/store.js'

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

/** A reader that computes each set of samples once. */
export function perSeedReader(store: Store, signal: AbortSignal): PerSeedReader {
  const known = new Map<string, Promise<PerSeed>>()
  return async (runId, row, metric, measure) => {
    const stages = store.runStages(runId)
    const reference = referenceOf(store, stages, row, metric)
    if (reference === undefined) return undefined
    const [samples, truth] = [imagesKey(stages, row.samples, row.key), reference]
    const name = JSON.stringify([samples, truth, metric])
    const made = known.get(name) ?? measured(store, samples, truth, measure, signal)
    known.set(name, made)
    return made
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
  return found?.stage?.kind === 'sample' ? imagesKey(stages, found.name, found.key) : undefined
}

/** The key of what holds a sample stage's images: its own, or that of the stage that decodes its latents. */
function imagesKey(stages: readonly RunStage[], name: string, own: string): string {
  return stages.find(stage => stage.name === decodedName(name))?.key ?? own
}

async function measured(
  store: Store,
  samples: string,
  reference: string,
  measure: PairMeasure,
  signal: AbortSignal
): Promise<PerSeed> {
  const truths = new Map<number, Float64Array>()
  for await (const { seeds, values, size } of sampleSet('reference', { images: reference }, store, signal).values())
    seeds.forEach((seed, i) => truths.set(seed, values.subarray(i * size, (i + 1) * size)))
  const found = new Map<number, number>()
  for await (const { seeds, values, size } of sampleSet('samples', { images: samples }, store, signal).values())
    seeds.forEach((seed, i) => {
      const truth = truths.get(seed)
      if (truth?.length === size) found.set(seed, measure(values.subarray(i * size, (i + 1) * size), truth))
    })
  return { reference, values: found }
}

/** The difference over the seeds that both have; undefined without two of them, or with another reference. */
export function pairedDifference(
  first: PerSeed | undefined,
  second: PerSeed | undefined
): PairedDifference | undefined {
  if (!second || first?.reference !== second.reference) return undefined
  const differences = [...first.values].flatMap(([seed, value]) => {
    const other = second.values.get(seed)
    return other === undefined ? [] : [other - value]
  })
  const finite = differences.filter(Number.isFinite)
  const seeds = finite.length
  if (seeds < 2) return undefined
  const mean = finite.reduce((sum, each) => sum + each, 0) / seeds
  const variance = finite.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (seeds - 1)
  const standardError = Math.sqrt(variance / seeds)
  return { seeds, mean, standardError, isMoreThanSpread: Math.abs(mean) > 2 * standardError }
}
