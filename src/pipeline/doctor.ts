import { availability } from '../engines/availability.js'
import type { Runner } from '../engines/engine.js'
import { RUNNERS } from '../engines/registry.js'
import { EpdError } from '../errors.js'
import type { Model } from '../models/model.js'
import type { ModelSpec } from '../experiment/experiment.js'
import type { CommandModelSpec } from '../models/command-keys.js'
import { openSpecified, type Place } from './model.js'

/** What is found of an engine and provider. */
export interface Diagnosis {
  readonly runner: string
  readonly works: boolean
  /** Why it does not work, and what to do about it. */
  readonly reason?: string
  readonly wayOut?: string
  /** Milliseconds an image, one at a time and `BATCH` at a time. */
  readonly single?: number
  readonly batched?: number
}

/** Images of the larger batch that is timed. */
export const BATCH = 8

/** From so many milliseconds an image on, more are not waited for. */
const PATIENCE = 4000

/**
 * Tries every engine and provider, the fastest first as `auto` takes them. With a model that they run, each is timed
 * on it.
 */
export async function* diagnose(model: ModelSpec | undefined, place: Place): AsyncGenerator<Diagnosis> {
  for (const runner of RUNNERS) {
    const found = await availability(runner)
    const { name } = runner
    if (!found.works) yield { runner: name, works: false, reason: found.reason, wayOut: found.wayOut }
    else if (model === undefined || 'command' in model) yield { runner: name, works: true }
    else yield await timed(runner, model, place)
  }
}

async function timed(runner: Runner, spec: Exclude<ModelSpec, CommandModelSpec>, place: Place): Promise<Diagnosis> {
  try {
    const model = await openSpecified({ ...spec, engine: runner.engine, provider: runner.provider.name }, place)
    try {
      const single = await anImage(model, 1)
      return {
        runner: runner.name,
        works: true,
        single,
        batched: single < PATIENCE ? await anImage(model, BATCH) : undefined
      }
    } finally {
      await model.close()
    }
  } catch (error) {
    if (!(error instanceof EpdError && error.code === 'engine-failed')) throw error
    return { runner: runner.name, works: false, reason: error.message }
  }
}

/** The fastest of some evaluations, the first of which also starts the engine. */
async function anImage(model: Model, batch: number): Promise<number> {
  const [channels, height, width] = model.shape
  const x = new Float64Array(batch * channels * height * width)
  const times: number[] = []
  for (let i = 0; i < 3 && (i < 2 || times[1] * batch < PATIENCE); i++) {
    const before = model.elapsed()
    await model.denoise(x, new Float64Array(batch).fill(1))
    times.push((model.elapsed() - before) / batch)
  }
  return Math.min(...times)
}
