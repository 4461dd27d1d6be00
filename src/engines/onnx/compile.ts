import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { withTensors, type Recipe, type Tensors } from '../recipe.js'
import { encodeModel, type GraphProto, type TensorProto } from './proto.js'
import { CPU, OPSET, recorder, type Target } from './recorder.js'

/** Of this compiler: another number, other graphs. */
export const COMPILER_VERSION = 4

/** The ONNX graph of a network with its weights. */
export function record(recipe: Recipe, tensors: Tensors, target: Target = CPU): GraphProto {
  return withTensors(recipe, tensors, parameters => {
    const graph = recorder(parameters, target)
    return graph.finish(recipe.build(graph))
  })
}

/** From so many bytes on weights stand in a file of their own: written from where they are, and mapped by ONNX Runtime. */
const EXTERNAL_FROM = 1 << 20

/**
 * Writes a graph into a folder under the name of its content, and returns its path and digest (SHA-256 of graph and weights).
 * The file is written to a temporary name and renamed.
 */
export async function writeGraph(
  graph: GraphProto,
  folder: string,
  externalFrom = EXTERNAL_FROM
): Promise<{ path: string; digest: string }> {
  await mkdir(folder, { recursive: true })
  const weights = graph.initializers.reduce((sum, { data }) => sum + data.byteLength, 0)
  const external = weights >= externalFrom
  const digest = graphDigest(graph)
  const path = join(folder, `${digest}.onnx`)
  if (external) {
    const data = `${digest}.weights`
    const placed = place(graph.initializers, data)
    await write(
      join(folder, data),
      placed.filter(tensor => tensor.external).map(tensor => tensor.data)
    )
    graph = { ...graph, initializers: placed }
  }
  await write(path, [encodeModel({ opset: OPSET, graph })])
  return { path, digest }
}

/** Over the graph without its weights, and the weights in order; the same whether they stand in one file or two. */
function graphDigest(graph: GraphProto): string {
  const hash = createHash('sha256')
  const bare = graph.initializers.map(tensor => ({ ...tensor, data: new Uint8Array(0) }))
  hash.update(encodeModel({ opset: OPSET, graph: { ...graph, initializers: bare } }))
  for (const { data } of graph.initializers) hash.update(data)
  return hash.digest('hex')
}

/** Smaller arrays, shapes and scales among them, stay in the graph, where ONNX Runtime wants them. */
const EXTERNAL_SIZE = 1024

function place(tensors: readonly TensorProto[], file: string): TensorProto[] {
  let offset = 0
  return tensors.map(tensor => {
    if (tensor.data.byteLength < EXTERNAL_SIZE) return tensor
    const placed = { ...tensor, external: { file, offset } }
    offset += tensor.data.byteLength
    return placed
  })
}

async function write(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  const file = await open(temporary, 'w')
  try {
    for (const part of parts) await file.writeFile(part)
    await file.sync()
    await file.close()
    await rename(temporary, path)
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(temporary, { force: true })
    throw error
  }
}
