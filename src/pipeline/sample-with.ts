import { resolve } from 'node:path'
import { EpdError } from '../errors.js'
import type { Experiment } from '../experiment/experiment.js'
import type { PromptsSpec } from '../experiment/prompts-keys.js'
import { latentsAndLabels } from '../random/latents.js'
import { at, child } from '../reading/plain.js'
import { Seeds } from '../reading/seeds.js'
import { createStore, type Store, type WritableStore } from '../store/store.js'
import type { RunEvent } from './event.js'
import type { ExecuteOptions } from './prepare.js'
import { readPrompts } from './prompts.js'
import { predictorNamed } from './predictors.js'
import { carryOut, experimentOf, type Watch } from './carry-out.js'
import type { OnEvent } from './event.js'
import { targetAt, type ImageTarget, type SampledStage } from './sampled-files.js'
import { learnedNamed, modelOf, writtenModel, type Learned } from './sampling-model.js'

/** What is sampled with a predictor. */
export interface SamplerOptions {
  /** The seeds, one an image, none of them twice: whole numbers from 0 to 2^32 - 1. */
  readonly seeds: Iterable<number>
  /**
   * The model: a location of a checkpoint or an ONNX file, or a mapping as a spec has it in braces; default: the one
   * that the predictor was distilled for, where a run of the store has it.
   */
  readonly model?: string
  /** Prompts for a model that reads them, or a file of them: .csv with a column `text`, or .txt with one a line. */
  readonly prompts?: string | readonly string[]
  /** Classes for a model that has them: seed i gets the one at i modulo their number; default: what the seeds draw. */
  readonly labels?: readonly number[]
  /** The most samples that the model is given at once, 1 to 65,536; default: 64. */
  readonly batch?: number
  /** Whether the predictor may be used with another model, or on other time points, than it was distilled for. */
  readonly allowMismatch?: boolean
}

/** How images are sampled with a predictor, and where they are written. */
export interface SampleWithOptions extends SamplerOptions {
  /** The store, or its folder, which is made if it is not there. A store that was given open stays open. */
  readonly store: string | WritableStore
  /** Told of warnings, downloads, and the beginning, progress and end of each stage. */
  readonly onEvent?: OnEvent
  /** An aborted signal ends the sampling before the next batch; what is done is kept. */
  readonly signal?: AbortSignal
  /**
   * A folder, for a PNG named by its seed each, or a name that ends in .npz, as guided-diffusion's evaluator reads it.
   */
  readonly out: string
}

/** What was sampled and written. */
export interface SampledFiles {
  readonly out: string
  /** The predictor's name, in which a run stands by its whole id. */
  readonly predictor: string
  readonly images: number
  /** The run under which the store has the samples. */
  readonly runId: string
}

/** The stage that samples. */
const STAGE = 'samples'

/**
 * Samples with a predictor or a table by its name, and writes the images. They go through the store as those of an
 * experiment's sample stage do, with the same bits: what is there is not computed again, and the same call goes on
 * after an interruption. No more than a few batches are held in memory.
 * @param name a predictor that is imported, published, or distilled (RUN/STAGE)
 * @throws EpdError `not-found` for the predictor, `usage` for what cannot be written where it is asked for and for a
 * model that the store does not know, `predictor-mismatch` for one that the predictor is not for, `spec-invalid` for
 * classes or prompts that the model does not take
 * @throws the signal's reason once it is aborted; what is done is kept
 */
export async function sampleWith(name: string, options: SampleWithOptions): Promise<SampledFiles> {
  const { store: given, out, onEvent = () => undefined, signal = new AbortController().signal } = options
  const target = targetAt(out)
  predictorNamed(typeof given === 'string' ? given : given.root, name)
  const store = typeof given === 'string' ? createStore(given) : given
  try {
    const { experiment, learned } = await samplerExperiment(name, store, options)
    const runId = await carryOutSampling({ experiment, store, signal, onEvent }, target)
    return { out, predictor: learned.name, images: [...options.seeds].length, runId }
  } finally {
    if (typeof given === 'string') store.close()
  }
}

/** The experiment that samples with a predictor, of one stage. */
export async function samplerExperiment(
  name: string,
  store: Store,
  { seeds, model, prompts, labels, batch, allowMismatch }: SamplerOptions
): Promise<{ readonly experiment: Experiment; readonly learned: Learned }> {
  const learned = learnedNamed(store, name)
  const written = model === undefined ? await modelOf(store, learned) : writtenModel(model)
  const texts = typeof prompts === 'string' ? await promptsIn(prompts) : prompts
  const spec = {
    name: `sample-${learned.name.replace(/[^A-Za-z0-9._-]+/g, '-')}`.slice(0, NAME_LENGTH).replace(/[.-]+$/, ''),
    description: `images of ${learned.name}`,
    model: written.model,
    ...(texts && { prompts: texts }),
    solver: { from: `predictor:${learned.name}` },
    stages: {
      [STAGE]: { kind: 'sample', seeds: String(seeds instanceof Seeds ? seeds : Seeds.of(seeds)), batch, labels }
    }
  }
  try {
    const experiment = await experimentOf(spec, store.root, { allowMismatch, baseDir: written.baseDir })
    return { experiment, learned }
  } catch (error) {
    throw error instanceof EpdError ? withoutPlaces(error) : error
  }
}

/** The most letters of a run's name, since files are called by it, with an ending. */
const NAME_LENGTH = 120

/** An error in a spec that nobody has written, without the lines at which it stands there. */
function withoutPlaces(error: EpdError): EpdError {
  const bare = (text: string) => text.replace(/^.*<object>:\d+:\d+: (stages\.samples\.)?/, '')
  const { code, message, wayOut, subject } = error
  const faults = error.faults?.map(fault => ({ ...fault, message: bare(fault.message) }))
  return new EpdError(code, message.split('\n').map(bare).join('\n'), { faults, wayOut, subject, cause: error })
}

/** The prompts of a file. */
async function promptsIn(file: string): Promise<readonly string[]> {
  if (/\.csv$/i.test(file)) return (await readPrompts({ csv: resolve(file), column: 'text' }, path => path)) ?? []
  if (!/\.txt$/i.test(file))
    throw new EpdError(
      'usage',
      `prompts ${file}: expected a file that ends in .csv, with a column text, or in .txt, with a prompt a line`,
      { subject: 'prompts' }
    )
  const { readWhole } = await import('../files/read.js')
  const { systemReason } = await import('../files/reasons.js')
  const bytes = await readWhole(file).catch((error: unknown) => {
    throw new EpdError('checkpoint-missing', `prompts ${file}: ${systemReason(error) ?? 'cannot be read'}`, {
      cause: error
    })
  })
  const lines = bytes
    .toString('utf8')
    .split(/\r?\n/)
    .filter(line => line.trim() !== '')
  if (lines.length > 0) return lines
  throw new EpdError('usage', `prompts ${file}: has no line of prompts`, { subject: 'prompts' })
}

/** Runs such an experiment to its end and writes its images, those of a folder as soon as they are there. */
export async function carryOutSampling(
  options: ExecuteOptions,
  target: ImageTarget,
  { watch, onWritten }: { readonly watch?: Watch; readonly onWritten?: (done: number, total: number) => void } = {}
): Promise<string> {
  const { store, signal, experiment, onEvent } = options
  const prompts = isTexts(experiment.prompts) ? experiment.prompts : undefined
  let sampled: SampledStage | undefined
  let stored = 0
  const onSampling = (event: RunEvent) => {
    onEvent(event)
    if (!sampled) return
    if (event.type === 'started' || event.type === 'cached') target.begin(store, sampled)
    if (event.type !== 'progress') return
    const news = event.stored ?? event.done
    if (news !== stored) target.add(store, sampled)
    stored = news
  }
  const plan = await carryOut(
    { ...options, onEvent: onSampling },
    {
      async begin(work) {
        const execution = await (watch ? watch.begin(work) : work())
        const { keyOf, imagesKeyOf } = execution.plan
        sampled = { key: keyOf(STAGE), imagesKey: imagesKeyOf(STAGE), prompts }
        return execution
      },
      stages: (execution, order) => (watch ? watch.stages(execution, order) : order(execution.plan, execution.run))
    }
  )
  const done = { key: plan.keyOf(STAGE), imagesKey: plan.imagesKeyOf(STAGE), prompts }
  await target.finish(store, done, { labels: labelsOf(store, done), signal, onWritten })
  return plan.runId
}

function isTexts(prompts: PromptsSpec | undefined): prompts is readonly string[] {
  return Array.isArray(prompts)
}

/** The classes of the images, for a model that has some: those that were asked for, or what the seeds draw. */
function labelsOf(store: Store, { key }: SampledStage): (() => Int32Array) | undefined {
  const stage = store.stage(key)
  const [shape, labelDim] = ['shape', 'labelDim'].map(name => at(stage?.provenance, ['model', name]))
  if (!Array.isArray(shape) || typeof labelDim !== 'number' || labelDim === 0) return undefined
  const given = child(stage?.params, 'labels')
  const generator = child(stage?.params, 'generator') === 'torch-cuda' ? 'torch-cuda' : 'torch-cpu'
  return () => {
    const lots = store
      .shards(key)
      .map(({ seeds }) =>
        Array.isArray(given)
          ? Int32Array.from(seeds, seed => Number(given[seed % given.length]))
          : latentsAndLabels({ seeds, shape: shape.map(Number), labelDim, generator }).labels
      )
    return Int32Array.from(lots.flatMap(lot => [...lot]))
  }
}
