import { toFloat16 } from '../../checkpoints/half.js'
import {
  ELEMENT_TYPE,
  type Attribute,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueProto
} from './proto.js'
import { cpu, type OnnxProvider } from './providers.js'

/** An array of the graph: its name, and its size with -1 for the batch. */
export interface Node {
  readonly name: string
  readonly shape: readonly number[]
  /** `index` is the type of what steers an operation (shapes, scales), in whatever type ONNX wants. */
  readonly type: 'float32' | 'float16' | 'index'
}

/** What a graph is recorded for. */
export interface Target {
  /** The precision of images within a network. Vectors, noise levels among them, stay in single precision. */
  readonly precision: 'float32' | 'float16'
  readonly provider: OnnxProvider
}

export const CPU: Target = { precision: 'float32', provider: cpu }

type Attributes = Readonly<Record<string, Attribute>>

/**
 * An ONNX graph while it is recorded. Nodes are named by their order and equal constants are kept once, so that the
 * same calls in the same order give the same bytes.
 */
export class GraphBuilder {
  readonly target: Target
  readonly #nodes: NodeProto[] = []
  readonly #inputs: ValueProto[] = []
  readonly #initializers = new Map<string, TensorProto>()
  #count = 0

  constructor(target: Target) {
    this.target = target
  }

  /** Adds an input. In half precision images are converted at once. */
  input(name: string, shape: readonly number[]): Node {
    this.#inputs.push({ name, shape })
    const given: Node = { name, shape, type: 'float32' }
    return this.target.precision === 'float16' && shape.length === 4 ? this.cast(given, 'float16') : given
  }

  /** Adds an operation with one result. */
  emit(operator: string, operands: readonly Node[], shape: readonly number[], attributes?: Attributes): Node {
    const [output] = this.emitAll(operator, operands, [shape], attributes)
    return output
  }

  /**
   * Adds an operation with a result for each shape. If one operand is in half precision, all of them and the results
   * are.
   */
  emitAll(
    operator: string,
    operands: readonly Node[],
    shapes: readonly (readonly number[])[],
    attributes?: Attributes
  ): Node[] {
    const half = operands.some(({ type }) => type === 'float16')
    const given = half ? operands.map(operand => this.#halved(operand)) : operands
    return this.#append(operator, given, shapes, half ? 'float16' : 'float32', attributes)
  }

  /** Adds an operation whose result is of whole numbers. */
  emitIndex(operator: string, operands: readonly Node[], shape: readonly number[], attributes?: Attributes): Node {
    const [output] = this.#append(operator, operands, [shape], 'index', attributes)
    return output
  }

  cast(x: Node, type: 'float16' | 'float32' | 'int64'): Node {
    const attributes = { to: { int: ELEMENT_TYPE[type] } }
    const [output] = this.#append('Cast', [x], [x.shape], type === 'int64' ? 'index' : type, attributes)
    return output
  }

  /** Adds an array under a name, unless there is one. */
  initializer(name: string, type: TensorProto['type'], shape: readonly number[], data: Uint8Array): Node {
    if (!this.#initializers.has(name)) this.#initializers.set(name, { name, type, shape, data })
    return { name, shape, type: type === 'float32' ? type : 'index' }
  }

  /** A vector of whole numbers. */
  integers(values: readonly number[]): Node {
    const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
    return this.initializer(`i${values.join('_')}`, 'int64', [values.length], data)
  }

  constant(values: Float32Array, shape: readonly number[]): Node {
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    const same = [...this.#initializers.values()].find(
      one =>
        one.type === 'float32' &&
        one.name.startsWith('c') &&
        String(one.shape) === String(shape) &&
        Buffer.compare(one.data, data) === 0
    )
    return same
      ? { name: same.name, shape, type: 'float32' }
      : this.initializer(`c${this.#initializers.size}`, 'float32', shape, data)
  }

  /** A constant that has one value everywhere. */
  filled(value: number, shape: readonly number[]): Node {
    return this.constant(new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value), shape)
  }

  /**
   * The graph of everything recorded, with these outputs in single precision, and without the arrays that nothing uses.
   */
  finish(outputs: readonly Node[]): GraphProto {
    const answers = outputs.map(output => (output.type === 'float16' ? this.cast(output, 'float32') : output))
    const used = new Set(this.#nodes.flatMap(node => node.inputs))
    return {
      nodes: this.#nodes,
      initializers: [...this.#initializers.values()].filter(({ name }) => used.has(name)),
      inputs: this.#inputs,
      outputs: answers.map(({ name, shape }) => ({ name, shape }))
    }
  }

  #append(
    operator: string,
    operands: readonly Node[],
    shapes: readonly (readonly number[])[],
    type: Node['type'],
    attributes?: Attributes
  ): Node[] {
    const outputs = shapes.map((shape): Node => ({ name: `v${this.#count++}`, shape, type }))
    this.#nodes.push({
      operator,
      inputs: operands.map(({ name }) => name),
      outputs: outputs.map(({ name }) => name),
      attributes
    })
    return outputs
  }

  /** An operand in half precision. A learned array is converted here, once. */
  #halved(x: Node): Node {
    if (x.type !== 'float32') return x
    const known = this.#initializers.get(x.name)
    if (!known) return this.cast(x, 'float16')
    const name = `${x.name}.half`
    if (!this.#initializers.has(name))
      this.#initializers.set(name, { ...known, name, type: 'float16', data: toFloat16(known.data) })
    return { name, shape: x.shape, type: 'float16' }
  }
}
