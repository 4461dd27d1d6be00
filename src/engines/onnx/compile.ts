import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type NetworkCheckpoint, type Tensor, toFloat32 } from '../../checkpoints/tensor.js'
import { EpdError } from '../../errors.js'
import { encodeModel, type GraphProto, type TensorProto } from './proto.js'
import { OPSET, recorder, type Node, type Recorder } from './recorder.js'

/** Of this compiler: another number, other graphs. */
export const COMPILER_VERSION = 2

/** What the bits of a session's answers depend on beside the graph: engine, provider, precision. */
export const ENGINE = 'onnx:cpu:float32'

/** A network to be recorded: what it is called, and how its outputs are made. */
export interface Recipe {
  readonly name: string
  readonly build: (graph: Recorder) => readonly Node[]
  /** Tensors of a checkpoint that this network does not read. */
  readonly ignores?: (tensor: string) => boolean
}

/**
 * The ONNX graph of a network with its weights.
 * @throws EpdError `model-invalid` that lists every tensor that is missing, left over or of another shape
 */
export function record({ name, build, ignores }: Recipe, tensors: NetworkCheckpoint['tensors']): GraphProto {
  const problems: string[] = []
  const used = new Set<string>()
  const graph = recorder((parameter, shape) => {
    used.add(parameter)
    const tensor = tensors.get(parameter)
    const found = tensor?.shape.join('x')
    if (tensor && found === shape.join('x')) return singles(tensor)
    const expected = shape.join('x')
    problems.push(tensor ? `${parameter} is ${found}, not ${expected}` : `${parameter} (${expected}) is missing`)
    return new Uint8Array(4 * shape.reduce((product, size) => product * size, 1))
  })
  const outputs = build(graph)
  for (const tensor of tensors.keys())
    if (!used.has(tensor) && !ignores?.(tensor)) problems.push(`${tensor} is not part of it`)
  if (problems.length > 0)
    throw new EpdError('model-invalid', `the checkpoint's tensors do not fit its ${name}: ${problems.join('; ')}`)
  return graph.finish(outputs)
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
  const temporary = `${path}.${process.pid}.tmp`
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

/** A tensor's bytes in single precision; those of the file itself where it has no other. */
function singles(tensor: Tensor): Uint8Array {
  if (tensor.dtype === 'float32') return tensor.data
  const values = toFloat32(tensor)
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
