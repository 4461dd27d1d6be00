import type { Condition, Denoiser, FeatureDenoiser } from '../models/denoiser.js'
import type { Evaluated, Evaluation, SolverRun } from './solver.js'

/** All evaluations that a run has yielded, with their answers. */
export type Tape = { asked: readonly Evaluation[]; answered: readonly Evaluated[] }[]

/** A run to be driven. */
export interface Job {
  readonly run: SolverRun
  /** For each of the run's samples. */
  readonly condition?: Condition
  /** Receives what the run asks and is answered. */
  readonly record?: Tape
  /** Another run's tape: what is bit for bit the same evaluation at the same place is answered from it. */
  readonly replay?: Tape
  /** Told of each state as soon as the run has reached it: states[i], at sigmas[i]. */
  readonly onReached?: (state: Float64Array, i: number) => void
  /** Steps after which the run ends, without asking for what only later ones need; default: all. */
  readonly steps?: number
}

export interface Outcome {
  /** The last of the states. */
  readonly x: Float64Array
  /** states[i]: the state that the run reached at sigmas[i]. */
  readonly states: readonly Float64Array[]
  /** Parallel NFE: yields of evaluations, times the denoiser's nfeFactor. */
  readonly nfe: number
  /** Evaluations of single samples that the model really did, times the denoiser's nfeFactor. */
  readonly evaluations: number
}

export interface DriveOptions {
  readonly model: Denoiser
  /** The most samples that the model is given at once. */
  readonly batchSize?: number
  readonly signal?: AbortSignal
}

export const DEFAULT_BATCH_SIZE = 64

/**
 * Runs any number of solvers side by side. Each goes on alone for as long as its tape answers it; then what all of them
 * ask is joined, given to the model in batches, and handed back. Results do not depend on how runs are joined or split.
 * @throws whatever the model throws, and the signal's reason once it is aborted.
 */
export async function drive(jobs: readonly Job[], options: DriveOptions): Promise<Outcome[]> {
  const voices = jobs.map(job => new Voice(job, options.model))
  let waiting = voices
  for (;;) {
    waiting = waiting.filter(voice => voice.advance())
    if (waiting.length === 0) return voices.map(voice => voice.outcome())
    await evaluate(
      waiting.flatMap(voice => voice.missing),
      options
    )
  }
}

interface Request {
  readonly x: Float64Array
  readonly sigma: number | Float64Array
  readonly condition?: Condition
  readonly samples: number
  readonly denoised: Float64Array
  /** [samples, any size], where they are asked for. */
  readonly features?: Float64Array
}

/** One run on its way: what it asks now, what of that is answered, and its counts. */
class Voice {
  missing: readonly Request[] = []
  private readonly size: number
  private asked: readonly Evaluation[] = []
  private answers: Evaluated[] = []
  private yields = 0
  private evaluated = 0
  private readonly states: Float64Array[] = []
  private result: Float64Array | undefined

  constructor(
    private readonly job: Job,
    private readonly model: Denoiser
  ) {
    const [channels, height, width] = model.shape
    this.size = channels * height * width
  }

  /** Hands the answers in and goes on to the next question that the tape cannot answer; false once the run is done. */
  advance(): boolean {
    const { run, steps = Infinity } = this.job
    this.missing = []
    while (this.missing.length === 0 && !this.result) {
      const { done, value } = run.next(this.answers)
      if (done) this.result = value
      else if (!('reached' in value)) this.ask(value)
      else this.reach(value.reached, steps)
    }
    return !this.result
  }

  private reach(state: Float64Array, steps: number): void {
    this.job.onReached?.(state, this.states.length)
    if (this.states.push(state) > steps) this.result = state
  }

  outcome(): Outcome {
    if (!this.result) throw new Error('the run is not done')
    const { nfeFactor } = this.model
    const counts = { nfe: this.yields * nfeFactor, evaluations: this.evaluated * nfeFactor }
    return { x: this.result, states: this.states, ...counts }
  }

  private ask(asked: readonly Evaluation[]): void {
    const taped = this.job.replay?.[this.yields]
    const missing: Request[] = []
    this.asked = asked
    this.answers = asked.map((evaluation, k) => {
      if (taped && k < taped.asked.length && same(evaluation, taped.asked[k])) return taped.answered[k]
      const request = this.request(evaluation)
      missing.push(request)
      return request
    })
    this.missing = missing
    this.yields += 1
    for (const { samples } of missing) this.evaluated += samples
    this.job.record?.push({ asked: this.asked, answered: this.answers })
  }

  private request({ x, sigma, features }: Evaluation): Request {
    const samples = x.length / this.size
    return {
      x,
      sigma,
      condition: this.job.condition,
      samples,
      denoised: new Float64Array(x.length),
      features: features && new Float64Array(samples * featuresOf(this.model).size)
    }
  }
}

function same(a: Evaluation, b: Evaluation): boolean {
  return a.features === b.features && equal(a.x, b.x) && equal(a.sigma, b.sigma)
}

function featuresOf({ features }: Denoiser): FeatureDenoiser {
  if (features) return features
  throw new RangeError('a solver asks for the features of a model that has none')
}

function equal(a: number | Float64Array, b: number | Float64Array): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Batches under way on each device: while one is computed, the next is made ready. */
const IN_FLIGHT = 2

/**
 * Answers the requests in batches, each a run of samples that may begin and end within a request; several devices get
 * equal ones.
 */
async function evaluate(requests: readonly Request[], options: DriveOptions): Promise<void> {
  const { model, batchSize = DEFAULT_BATCH_SIZE, signal } = options
  const { devices = 1 } = model
  const samples = requests.reduce((sum, request) => sum + request.samples, 0)
  const queue = batches(requests, Math.min(batchSize, Math.ceil(samples / devices)))
  const lane = async () => {
    for (const pieces of queue) {
      signal?.throwIfAborted()
      await answer(pieces, model)
    }
  }
  const lanes = Array.from({ length: IN_FLIGHT * devices }, lane)
  try {
    await Promise.all(lanes)
  } finally {
    await Promise.allSettled(lanes)
  }
}

async function answer(pieces: readonly Piece[], model: Denoiser): Promise<void> {
  const batch = join(pieces, model.labelDim > 0)
  const asked = pieces.some(({ request }) => request.features)
  const answered = asked
    ? await featuresOf(model).denoise(batch.x, batch.sigma, batch.condition)
    : { denoised: await model.denoise(batch.x, batch.sigma, batch.condition) }
  let at = 0
  for (const { request, from, to } of pieces) {
    handBack(answered.denoised, at, request.denoised, { request, from, to })
    if ('features' in answered && request.features)
      handBack(answered.features, at, request.features, { request, from, to })
    at += to - from
  }
}

/** Copies a piece's part of a batch's answer, which begins at sample `at`, to its place. */
function handBack(answer: Float64Array, at: number, to: Float64Array, { request, from, to: end }: Piece): void {
  const size = to.length / request.samples
  to.set(answer.subarray(at * size, (at + end - from) * size), from * size)
}

/** Samples `from` up to `to` of a request. */
interface Piece {
  readonly request: Request
  readonly from: number
  readonly to: number
}

function* batches(requests: readonly Request[], batchSize: number): Generator<Piece[], void> {
  let pieces: Piece[] = []
  let room = batchSize
  for (const request of requests) {
    for (let from = 0; from < request.samples;) {
      const to = Math.min(request.samples, from + room)
      pieces.push({ request, from, to })
      room -= to - from
      from = to
      if (room > 0) continue
      yield pieces
      pieces = []
      room = batchSize
    }
  }
  if (pieces.length > 0) yield pieces
}

function join(
  pieces: readonly Piece[],
  labelled: boolean
): { x: Float64Array; sigma: Float64Array; condition?: Condition } {
  const samples = pieces.reduce((sum, { from, to }) => sum + to - from, 0)
  const size = pieces[0].request.x.length / pieces[0].request.samples
  const x = new Float64Array(samples * size)
  const sigma = new Float64Array(samples)
  const withLabels = labelled && pieces.some(({ request }) => request.condition?.labels)
  const labels = withLabels ? new Int32Array(samples) : undefined
  const prompts = pieces.some(({ request }) => request.condition?.prompts)
    ? new Array<string>(samples).fill('')
    : undefined
  let at = 0
  for (const { request, from, to } of pieces) {
    x.set(request.x.subarray(from * size, to * size), at * size)
    if (typeof request.sigma === 'number') sigma.fill(request.sigma, at, at + to - from)
    else sigma.set(request.sigma.subarray(from, to), at)
    if (labels && request.condition?.labels) labels.set(request.condition.labels.subarray(from, to), at)
    if (prompts) request.condition?.prompts?.slice(from, to).forEach((prompt, i) => (prompts[at + i] = prompt))
    at += to - from
  }
  return { x, sigma, condition: labels || prompts ? { labels, prompts } : undefined }
}
