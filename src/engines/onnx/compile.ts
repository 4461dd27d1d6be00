import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { startChecksum } from '../../files/checksum.js'
import { placeFile } from '../../files/place.js'
import type { ChecksummedFile } from '../../files/verified.js'
import { withTensors, type Recipe, type Tensors } from '../recipe.js'
import { encodeModel, type GraphProto, type TensorProto } from './proto.js'
import { CPU, type Target } from './builder.js'
import { OPSET, recorder } from './recorder.js'

/** The version of this compiler: another number, other graphs. */
export const COMPILER_VERSION = 5

/** The ONNX graph of a network with its weights. */
export function record(recipe: Recipe, tensors: Tensors, target: Target = CPU): GraphProto {
  return withTensors(recipe, tensors, parameters => {
    const graph = recorder(parameters, target)
    return graph.finish(recipe.build(graph))
  })
}

/**
 * From so many bytes on weights stand in a file of their own: written from where they are, and mapped by ONNX Runtime.
 */
const EXTERNAL_FROM = 1 << 20

/** A file of a graph: the graph itself, or the weights beside it. */
export interface GraphFile extends ChecksummedFile {
  readonly size: number
}

export interface WrittenGraph {
  readonly path: string
  /** SHA-256 of graph and weights. */
  readonly digest: string
  /** The graph's file, and that of its weights where they stand in one of their own. */
  readonly files: readonly GraphFile[]
}

/** Writes a graph into a folder under the name of its content. */
export async function writeGraph(
  graph: GraphProto,
  folder: string,
  externalFrom = EXTERNAL_FROM
): Promise<WrittenGraph> {
  const weights = graph.initializers.reduce((sum, { data }) => sum + data.byteLength, 0)
  const digest = graphDigest(graph)
  const path = join(folder, `${digest}.onnx`)
  if (weights < externalFrom)
    return { path, digest, files: [await write(path, [encodeModel({ opset: OPSET, graph })])] }
  const data = `${digest}.weights`
  const initializers = place(graph.initializers, data)
  const outside = initializers.filter(tensor => tensor.external).map(tensor => tensor.data)
  const beside = await write(join(folder, data), outside)
  const own = await write(path, [encodeModel({ opset: OPSET, graph: { ...graph, initializers } })])
  return { path, digest, files: [own, beside] }
}

/** The checksum is of what is to be written, not of what the disk then holds. */
async function write(path: string, parts: readonly Uint8Array[]): Promise<GraphFile> {
  const sum = startChecksum()
  for (const part of parts) sum.update(part)
  await placeFile(path, parts)
  return { path, checksum: sum.digest(), size: parts.reduce((sum, part) => sum + part.byteLength, 0) }
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
