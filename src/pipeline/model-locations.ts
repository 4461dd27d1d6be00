import type { ModelSpec } from '../experiment/experiment.js'

/** The files of a model: its own first, then its classifier. A program has none. */
export function modelLocations(model: ModelSpec): string[] {
  if ('command' in model) return []
  if ('onnx' in model) return [model.onnx]
  return [model.checkpoint, model.guidance?.classifier].flatMap(location => location ?? [])
}
