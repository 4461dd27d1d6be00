import type { Model } from '../models/model.js'
import { openModel } from '../models/open.js'
import type { ModelSpec } from '../experiment/experiment.js'
import { placeOf, repositoryLocation } from '../reading/location.js'
import type { Copies } from './assets.js'

/** Where a model finds its files, and whom it tells. */
export interface Place {
  /** Where a file is that a spec names by a path or an address. */
  readonly at: (location: string) => string
  /** Folder of the spec. */
  readonly cwd: string
  /** Folder of compiled graphs. */
  readonly cacheDir: string
  /** Told of an engine that is there but fails, and of a file of the cache that is made anew. */
  readonly onNote?: (message: string) => void
  /** Threads of an engine on the CPU; default: all cores. No result depends on it. */
  readonly threads?: number
  /** Ends a program that is the model. */
  readonly signal?: AbortSignal
}

/**
 * Opens the model of a spec.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed`
 */
export async function openSpecified(
  model: ModelSpec,
  { at, cwd, cacheDir, onNote, signal, threads }: Place
): Promise<Model> {
  if ('command' in model) {
    const { openCommandModel } = await import('../models/command.js')
    return openCommandModel({ ...model, version: String(model.version), cwd, signal, onNote })
  }
  if ('onnx' in model) {
    const { openOnnxModel } = await import('../models/onnx.js')
    return openOnnxModel({ ...model, onnx: at(model.onnx), onNote, threads })
  }
  const { checkpoint, guidance } = model
  const classifier = guidance?.classifier === undefined ? undefined : at(guidance.classifier)
  return openModel({
    ...model,
    checkpoint: at(checkpoint),
    guidance: guidance && { ...guidance, classifier },
    cacheDir,
    onNote,
    threads
  })
}

/** What the work comes to; where it fails, the model is closed. */
export async function closing<T>(model: Model, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await model.close()
    throw error
  }
}

/** A model whose repository is named with the commit that it was opened at. */
export function withCommit(model: ModelSpec, copies: Copies): ModelSpec {
  if (!('checkpoint' in model)) return model
  const place = placeOf(model.checkpoint)
  const commit = copies.get(model.checkpoint)?.commit
  return place.kind === 'repository' && commit !== undefined
    ? { ...model, checkpoint: repositoryLocation({ ...place, revision: commit }) }
    : model
}

/** A model in one line. */
export function nameOfModel(model: ModelSpec): string {
  if ('command' in model) return model.command.join(' ')
  return 'onnx' in model ? model.onnx : model.checkpoint
}
