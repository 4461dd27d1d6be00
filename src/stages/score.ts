import type { Measured, MetricContext, MetricDescriptor, SampleSet, ScoreContext } from '../metrics/metric.js'
import { metricNamed } from '../metrics/registry.js'
import type { ScoreStage } from '../spec/experiment.js'
import { formatSeeds } from '../spec/seeds.js'
import type { Metric } from '../store/store.js'
import { naming } from './score-naming.js'
import { sampleSet } from './score-samples.js'
import { expectColours, imageShape, type CheckContext, type StageContext, type StageCost } from './stage.js'

/** Whether what the metrics compare with can be had, and fits the model's images. */
export async function check(stage: ScoreStage, context: CheckContext): Promise<void> {
  const shape = imageShape(context.model)
  for (const metric of metricsOf(stage, context)) {
    if (metric.needs.colours) expectColours(shape, stage.name, metric.name)
    await metric.check?.({ ...context, stage: stage.name, options: stage, shape })
  }
}

/** Scores each set of samples by each metric. No model is evaluated. */
export async function run(stage: ScoreStage, context: StageContext): Promise<StageCost> {
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
function samplesAt({ samples, features }: ScoreStage, place: number, context: StageContext): SampleSet {
  return setOf(samples[place], features?.samples[place], context)
}

function setOf(
  name: string,
  features: string | undefined,
  { store, inputKey, imagesKey, signal }: StageContext
): SampleSet {
  const keys = { images: imagesKey(name), features: features === undefined ? undefined : inputKey(features) }
  return sampleSet(name, keys, store, signal)
}

function asRow({ name }: MetricDescriptor, samplesKey: string, { value, count, seeds, details }: Measured): Metric {
  return { samplesKey, name, value, count, details: seeds ? { ...details, seeds: formatSeeds(seeds) } : details }
}
