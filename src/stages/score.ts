import type { FeatureSpec } from '../metrics/feature-network.js'
import type {
  Measured,
  MetricContext,
  MetricDescriptor,
  MetricOptions,
  SampleSet,
  ScoreContext
} from '../metrics/metric.js'
import { metricNamed } from '../metrics/registry.js'
import { markElsewhere } from '../metrics/runner.js'
import { child } from '../reading/plain.js'
import { SCORE_KEYS, type RawScore } from './score-keys.js'
import { checkNeeds, comparesWithReference } from './score-needs.js'
import { reference, type ResolveContext, type StageSpec } from './spec.js'
import { formatSeeds } from '../reading/seeds.js'
import { locatedFeatures, type FeaturesStage } from './features.js'
import { isOf, ofCase, type StageKind } from './kind.js'
import { classesOfSeeds, sample, type Asked } from './sample.js'
import type { Metric } from '../store/store.js'
import { naming } from './score-naming.js'
import { sampleSet } from './score-samples.js'
import {
  expectClasses,
  expectColours,
  imageShape,
  type CheckContext,
  type StageContext,
  type StageCost
} from './stage.js'

export interface ScoreStage extends Omit<MetricOptions, 'features'> {
  readonly kind: 'score'
  readonly name: string
  /** Sample stages. */
  readonly samples: readonly string[]
  /**
   * The stages that hold the features of each of the samples, in their order, and of the reference, if they are
   * compared.
   */
  readonly features?: FeatureSpec & { readonly samples: readonly string[]; readonly reference?: string }
  /** Names of metrics. */
  readonly metrics: readonly string[]
  /** What the metrics depend on beside what the spec says, by their names. */
  readonly marks?: Readonly<Record<string, unknown>>
  /** How classes were asked for in each of the samples, in their order, if a metric looks at that. */
  readonly asked?: readonly Asked[]
}

const spec: StageSpec<ScoreStage, RawScore> = {
  description: 'Measures samples against a reference.',
  keys: SCORE_KEYS,
  seeds: [],
  references(written) {
    const samples = child(written, 'samples')
    const places = Array.isArray(samples) ? [...samples.keys()] : []
    return [
      ...places.flatMap(i => reference(written, ['samples', i], 'sample')),
      ...reference(written, ['reference'], 'sample')
    ]
  },
  resolve(raw, context) {
    const { name } = context
    const metrics = raw.metrics.map(metric => metricNamed(metric, context.metrics))
    checkNeeds(raw, metrics, context)
    const { features, ...given } = raw
    const score = { ...given, ...marksOf(metrics, raw), ...askedIn(metrics, raw, context) }
    const looking = metrics.filter(({ needs }) => needs.keys?.includes('features'))
    if (looking.length === 0 || !features) return { kind: 'score', ...score, name }
    const of = (stage: string) => `${name}.${stage}`
    const { reference: truth } = raw
    const compared = truth !== undefined && looking.some(metric => comparesWithReference(metric, raw))
    const made = { ...features, samples: raw.samples.map(of), reference: compared ? of(truth) : undefined }
    return { kind: 'score', ...score, name, features: made }
  }
}

function marksOf(metrics: readonly MetricDescriptor[], raw: RawScore): Pick<ScoreStage, 'marks'> {
  const marks = metrics.flatMap(({ name, marks }) => {
    const mark = marks?.(raw)
    return mark ? [[name, mark] as const] : []
  })
  return marks.length === 0 ? {} : { marks: Object.fromEntries(marks) }
}

function askedIn(
  metrics: readonly MetricDescriptor[],
  { samples }: RawScore,
  { find }: Pick<ResolveContext, 'find'>
): Pick<ScoreStage, 'asked'> {
  if (!metrics.some(({ needs }) => needs.classes)) return {}
  const asked = samples.flatMap(name => {
    const stage = find(name)
    return isOf(sample, stage) ? [{ generator: stage.generator, ...(stage.labels && { labels: stage.labels }) }] : []
  })
  return { asked }
}

export const score: StageKind<ScoreStage> = {
  kind: 'score',
  version: 1,
  spec,
  inputs: stage => [...new Set(readBy(stage))],
  renamed(stage, rename) {
    const maybe = (name: string | undefined) => (name === undefined ? undefined : rename(name))
    const { name, samples, reference, features } = stage
    return {
      ...stage,
      name: rename(name),
      samples: samples.map(rename),
      reference: maybe(reference),
      features: features && {
        ...features,
        samples: features.samples.map(rename),
        reference: maybe(features.reference)
      }
    }
  },
  located(stage, { file, folder }) {
    const { statistics, features, clip } = stage
    return {
      ...stage,
      statistics: statistics === undefined ? undefined : file(statistics),
      clip: clip === undefined ? undefined : folder(clip, 'clip'),
      features: features && locatedFeatures(features, file)
    }
  },
  identity(stage, { runner }) {
    const { samples, reference, dataset, metrics, marks, features, statistics, clip, groups } = stage
    return {
      params: {
        ...{ samples: samples.length, reference: reference !== undefined, dataset, metrics, groups, marks },
        clip: clip === undefined ? undefined : markElsewhere('clip', runner)
      },
      inputs: readBy(stage),
      readsImages: true,
      evaluatesModel: false,
      assets: [features?.weights, statistics, clip].flatMap(location => location ?? [])
    }
  },
  cost: () => ({ evaluations: 0, atMost: false }),
  summary: ({ metrics, samples }) => `${metrics.join(', ')} of ${samples.map(ofCase).join(', ')}`,
  derived({ features, samples, reference }): FeaturesStage[] {
    if (!features) return []
    const { samples: names, reference: truth, ...network } = features
    const made = (name: string, of: string): FeaturesStage => {
      return { kind: 'features', name, samples: of, ...network }
    }
    return [
      ...names.map((name, i) => made(name, samples[i])),
      ...(truth === undefined || reference === undefined ? [] : [made(truth, reference)])
    ]
  },
  check,
  run
}

/** Names of all stages that a score reads, once for each place where they stand. */
function readBy({ samples, reference, features }: ScoreStage): string[] {
  const all = [...samples, reference, ...(features?.samples ?? []), features?.reference]
  return all.flatMap(name => name ?? [])
}

/** Whether what the metrics compare with can be had, and fits the model's images. */
async function check(stage: ScoreStage, context: CheckContext): Promise<void> {
  const shape = imageShape(context.model)
  for (const metric of metricsOf(stage, context)) {
    if (metric.needs.colours) expectColours(shape, stage.name, metric.name)
    if (metric.needs.classes) expectClasses(context.model, stage.name, metric.name)
    const { runner, labelDim } = context.model
    await metric.check?.({ ...context, runner, stage: stage.name, options: stage, shape, labelDim })
  }
}

/** Scores each set of samples by each metric. No model is evaluated. */
async function run(stage: ScoreStage, context: StageContext): Promise<StageCost> {
  const { store, inputKey, claim, onProgress } = context
  const total = stage.samples.length
  const closing: (() => Promise<void>)[] = []
  const shared = scoreContext(stage, context, closing)
  const scores: Metric[] = []
  try {
    for (const [done, name] of stage.samples.entries()) {
      onProgress({ done, total, unit: 'samples', note: name })
      const scored: MetricContext = { samples: samplesAt(stage, done, context), stage: shared }
      for (const metric of metricsOf(stage, context))
        scores.push(asRow(metric, inputKey(name), await naming(metric, name, () => metric.score(scored))))
    }
  } finally {
    for (const close of closing) await close()
  }
  store.putMetrics(claim, scores)
  onProgress({ done: total, total, unit: 'samples' })
  return { evaluations: 0 }
}

function metricsOf(
  stage: ScoreStage,
  { metrics }: Pick<StageContext | CheckContext, 'metrics'>
): readonly MetricDescriptor[] {
  return stage.metrics.map(name => metricNamed(name, metrics))
}

function scoreContext(stage: ScoreStage, context: StageContext, closing: (() => Promise<void>)[]): ScoreContext {
  return {
    ...context,
    options: stage,
    reference: referenceOf(stage, context),
    onProgress: (done, total, note) => {
      context.onProgress({ done, total, unit: 'samples', note })
    },
    atEnd: close => {
      closing.push(close)
    }
  }
}

function referenceOf({ reference, features }: ScoreStage, context: StageContext): SampleSet | undefined {
  return reference === undefined ? undefined : setOf(reference, features?.reference, context)
}

/** The samples at a place of the stage's list. */
function samplesAt({ samples, features, asked }: ScoreStage, place: number, context: StageContext): SampleSet {
  return setOf(samples[place], features?.samples[place], context, asked?.at(place))
}

function setOf(
  name: string,
  features: string | undefined,
  { store, inputKey, imagesKey, signal, openModel }: StageContext,
  asked?: Asked
): SampleSet {
  const keys = { images: imagesKey(name), features: features === undefined ? undefined : inputKey(features) }
  const classes = asked && (async (seeds: readonly number[]) => classesOfSeeds(asked, seeds, await openModel()))
  return sampleSet(name, { ...keys, classes }, store, signal)
}

function asRow({ name }: MetricDescriptor, samplesKey: string, { value, count, seeds, details }: Measured): Metric {
  return { samplesKey, name, value, count, details: seeds ? { ...details, seeds: formatSeeds(seeds) } : details }
}
