import type { MetricDescriptor, SampleSet, ScoreContext } from '../metrics/metric.js'
import { isOf } from '../stages/kind.js'
import { score } from '../stages/score.js'
import { sampleSet } from '../stages/score-samples.js'
import { imagesKeyOf, type ReportData, type ReportRun } from './data.js'
import type { Entry } from './standings.js'

/** How two samplers compare on images of the same seeds. */
export interface Paired {
  readonly count: number
  /** The number of seeds for which the first one's value is the better. */
  readonly better: number
  /** The mean of the differences by which the first one is better; negative where it is worse. */
  readonly mean: number
  /** The standard error of that mean. */
  readonly error: number
}

/** More seeds than these tell nothing more that anyone would see. */
const MOST_SEEDS = 256

/**
 * Compares two samplers seed by seed, by a metric that measures each image against the reference's of its seed.
 * Undefined where the metric measures whole sets, or the two have fewer than two seeds in common.
 */
export async function paired(
  { store }: ReportData,
  metric: MetricDescriptor,
  first: Entry,
  second: Entry
): Promise<Paired | undefined> {
  if (!metric.needs.pairs) return undefined
  const found = await Promise.all([first, second].map(entry => valuesBySeed(store, metric, entry)))
  const [one, other] = found
  const differences = [...(one ?? [])].flatMap(([seed, value]) => {
    const against = other?.get(seed)
    return against === undefined ? [] : [metric.moreIsBetter ? value - against : against - value]
  })
  const finite = differences.filter(Number.isFinite)
  const count = finite.length
  if (count < 2) return undefined
  const mean = finite.reduce((sum, value) => sum + value, 0) / count
  const square = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return {
    count,
    mean,
    better: finite.filter(value => value > 0).length,
    error: Math.sqrt(square / (count - 1) / count)
  }
}

/** What the metric says of each seed's image alone. */
async function valuesBySeed(
  store: ReportData['store'],
  metric: MetricDescriptor,
  { run, results }: Entry
): Promise<ReadonlyMap<number, number> | undefined> {
  const [{ samples, score: scoring }] = results
  const reference = referenceOf(run, scoring)
  const keys = [samples, reference].map(name => (name === undefined ? undefined : imagesKeyOf(run, name)))
  const [own, truth] = keys
  if (reference === undefined || own === undefined || truth === undefined) return undefined
  const signal = new AbortController().signal
  const set = sampleSet(samples, { images: own }, store, signal)
  const stage = context(sampleSet(reference, { images: truth }, store, signal), signal)
  const known = new Set(store.shards(truth).flatMap(({ seeds }) => seeds))
  const values = new Map<number, number>()
  for await (const { seeds, values: all, size } of set.values())
    for (const [i, seed] of seeds.entries()) {
      if (values.size >= MOST_SEEDS) return values
      if (!known.has(seed)) continue
      const one = alone(set, seed, all.subarray(i * size, (i + 1) * size))
      values.set(seed, (await metric.score({ samples: one, stage })).value)
    }
  return values
}

function alone(set: SampleSet, seed: number, values: Float64Array): SampleSet {
  async function* only() {
    await Promise.resolve()
    yield { seeds: [seed], values, size: values.length }
  }
  return { ...set, seeds: [seed], values: only }
}

/** What a metric of pairs reads of a score stage. It opens no network and no file. */
function context(reference: SampleSet, signal: AbortSignal): ScoreContext {
  const none = (what: string) => {
    throw new RangeError(`a metric of pairs asks for the file ${what}`)
  }
  return {
    options: { reference: reference.name, groups: 1 },
    reference,
    assetPath: none,
    assetDigest: none,
    cacheDir: '',
    signal,
    onProgress: () => undefined,
    atEnd: () => undefined
  }
}

/** The sample stage that a score stage takes for the truth. */
export function referenceOf(run: ReportRun, scoring: string | null): string | undefined {
  const stage = run.resolved.get(scoring ?? '')
  return isOf(score, stage) ? stage.reference : undefined
}
