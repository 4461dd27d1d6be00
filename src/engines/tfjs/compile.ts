import { withTensors, type Recipe, type Tensors } from '../recipe.js'
import type { Program } from './program.js'
import { programRecorder } from './recorder.js'

/** The program of a network with its weights. @throws EpdError `model-invalid` if the tensors do not fit */
export function program(recipe: Recipe, tensors: Tensors): Program {
  return withTensors(recipe, tensors, parameters => {
    const graph = programRecorder((name, shape) => new Float32Array(new Uint8Array(parameters(name, shape)).buffer))
    return graph.finish(recipe.build(graph))
  })
}
