import { toFloat16 } from '../../checkpoints/half.js'
import type { ConvOptions, Ops, Window } from '../ops.js'
import type { Graph, Parameters } from '../recipe.js'
import { ANSWER, answerMatrix, kernelMatrix, sideMatrix, TILE } from './winograd.js'
import { broadcastShape, matmulShape, paddings, reshapedShape, windowed } from '../shapes.js'
import {
  ELEMENT_TYPE,
  type Attribute,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueProto
} from './proto.js'

/** The operator set that recorded graphs are written in. */
export const OPSET = 17

/** An array of the graph: its name, and its size with -1 for the batch. */
export interface Node {
  readonly name: string
  readonly shape: readonly number[]
  /** index: what steers an operation (shapes, scales), in whatever type ONNX wants. */
  readonly type: 'float32' | 'float16' | 'index'
}

/** What a graph is recorded for. */
export interface Target {
  /** Of images within a network; vectors, noise levels among them, stay in single precision. */
  readonly precision: 'float32' | 'float16'
  readonly provider: 'cuda' | 'webgpu' | 'cpu'
}

export const CPU: Target = { precision: 'float32', provider: 'cpu' }

export interface Recorder extends Graph<Node> {
  /** The graph of everything recorded, with these outputs. */
  readonly finish: (outputs: readonly Node[]) => GraphProto
}

/**
 * An interpreter of Ops that records an ONNX graph. Nothing in it depends on the batch but the batch dimension itself, and no
 * operation mixes samples: every matrix product of a sample is one of its own, so that a sample's bits are the same in
 * any batch.
 */
export function recorder(parameters: Parameters, { precision, provider }: Target = CPU): Recorder {
  const nodes: NodeProto[] = []
  const inputs: ValueProto[] = []
  const initializers = new Map<string, TensorProto>()
  let count = 0
  const fast = provider === 'cpu' && precision === 'float32'

  function emitAll(
    operator: string,
    operands: readonly Node[],
    shapes: readonly (readonly number[])[],
    attributes?: Record<string, Attribute>
  ): Node[] {
    const half = operands.some(({ type }) => type === 'float16')
    const given = half ? operands.map(halved) : operands
    const outputs = shapes.map(shape => value(shape, half ? 'float16' : 'float32'))
    nodes.push({
      operator,
      inputs: given.map(({ name }) => name),
      outputs: outputs.map(({ name }) => name),
      attributes
    })
    return outputs
  }
  const value = (shape: readonly number[], type: Node['type']): Node => ({ name: `v${count++}`, shape, type })
  /** In half precision; a learned array is converted here, once. */
  function halved(x: Node): Node {
    if (x.type !== 'float32') return x
    const known = initializers.get(x.name)
    if (!known) return cast(x, 'float16')
    const name = `${x.name}.half`
    if (!initializers.has(name))
      initializers.set(name, { ...known, name, type: 'float16', data: toFloat16(known.data) })
    return { name, shape: x.shape, type: 'float16' }
  }
  function cast(x: Node, type: 'float16' | 'float32' | 'int64'): Node {
    const output = value(x.shape, type === 'int64' ? 'index' : type)
    const attributes = { to: { int: ELEMENT_TYPE[type] } }
    nodes.push({ operator: 'Cast', inputs: [x.name], outputs: [output.name], attributes })
    return output
  }
  function emit(
    operator: string,
    operands: readonly Node[],
    shape: readonly number[],
    attributes?: Record<string, Attribute>
  ): Node {
    const [output] = emitAll(operator, operands, [shape], attributes)
    return output
  }
  const broadcast = (operator: string) => (a: Node, b: Node) => emit(operator, [a, b], broadcastShape(a.shape, b.shape))
  const pointwise = (operator: string) => (x: Node) => emit(operator, [x], x.shape)

  function initializer(name: string, type: TensorProto['type'], shape: readonly number[], data: Uint8Array): Node {
    if (!initializers.has(name)) initializers.set(name, { name, type, shape, data })
    return { name, shape, type: type === 'float32' ? type : 'index' }
  }
  function integers(values: readonly number[]): Node {
    const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
    return initializer(`i${values.join('_')}`, 'int64', [values.length], data)
  }
  function constant(values: Float32Array, shape: readonly number[]): Node {
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    const same = [...initializers.values()].find(
      one =>
        one.type === 'float32' &&
        one.name.startsWith('c') &&
        String(one.shape) === String(shape) &&
        equalBytes(one.data, data)
    )
    return same
      ? { name: same.name, shape, type: 'float32' }
      : initializer(`c${initializers.size}`, 'float32', shape, data)
  }
  function filled(value: number, shape: readonly number[]): Node {
    return constant(new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value), shape)
  }

  function reshape(x: Node, shape: readonly number[]): Node {
    return emit('Reshape', [x, integers(shape)], reshapedShape(x.shape, shape))
  }
  function conv2d(x: Node, weight: Node, bias?: Node, { stride = 1, padding = 0, groups = 1 }: ConvOptions = {}): Node {
    const [batch, , height, width] = x.shape
    const [out, , ...kernel] = weight.shape
    const pads = paddings(padding)
    const size = (length: number, axis: number) => windowed(length, kernel[axis], stride, pads[axis])
    const same = stride === 1 && groups === 1 && [...kernel, ...pads].join() === '3,3,1,1'
    if (same && fast && isWorthTiles(x.shape, out)) return inTiles(x, weight, bias)
    const attributes = convAttributes(kernel, stride, pads, groups)
    return emit(
      'Conv',
      bias ? [x, weight, bias] : [x, weight],
      [batch, out, size(height, 0), size(width, 1)],
      attributes
    )
  }
  /**
   * A convolution by 3 x 3 on tiles. Channels stand last meanwhile, so that whatever is moved is moved in runs of them; the kernels' values at
   * the points are computed when the graph is loaded.
   */
  function inTiles(x: Node, weight: Node, bias?: Node): Node {
    const [, channels, height, width] = x.shape
    const [out] = weight.shape
    const [rows, columns] = [height / ANSWER, width / ANSWER]
    const turn = (image: Node, order: readonly number[]) => ops.transpose(image, order)

    const flat = turn(reshape(weight, [out, channels, 9]), [2, 1, 0])
    const products = ops.matmul(constant(kernelMatrix(), [TILE ** 2, 9]), reshape(flat, [9, channels * out]))
    const kernels = reshape(products, [TILE ** 2, channels, out])

    const down = constant(sideMatrix(height), [TILE * rows, height])
    const across = constant(sideMatrix(width), [1, TILE, 1, columns, width])
    const lines = ops.matmul(down, reshape(turn(x, [0, 2, 3, 1]), [0, height, width * channels]))
    const tiles = ops.matmul(across, reshape(lines, [-1, TILE, 1, rows, width, channels]))
    const answers = ops.matmul(reshape(tiles, [-1, TILE ** 2, rows * columns, channels]), kernels)
    const flatAnswers = reshape(answers, [0, TILE ** 2, rows * columns * out])
    const pixels = ops.matmul(constant(answerMatrix(), [ANSWER ** 2, TILE ** 2]), flatAnswers)
    const image = turn(reshape(pixels, [0, ANSWER, ANSWER, rows, columns, out]), [0, 3, 1, 4, 2, 5])
    const whole = reshape(image, [0, height, width, out])
    return turn(bias ? ops.add(whole, bias) : whole, [0, 3, 1, 2])
  }
  function pool(operator: string, x: Node, { size, stride, padding = 0 }: Window): Node {
    const [batch, channels, height, width] = x.shape
    const pooled = (length: number) => windowed(length, size, stride, padding)
    const attributes = windowAttributes([size, size], stride, [padding, padding])
    return emit(operator, [x], [batch, channels, pooled(height), pooled(width)], attributes)
  }

  /**
   * A function of rows of numbers, [batch, count]. ONNX Runtime computes so many at once by a series and what is left at the end by the C library, so
   * that rows are filled up first: each number's place then decides in any batch.
   */
  const rowwise = (operator: string) => (x: Node) => {
    const [batch, count] = x.shape
    const missing = (LANES - (count % LANES)) % LANES
    if (provider !== 'cpu' || x.shape.length !== 2 || missing === 0) return emit(operator, [x], x.shape)
    const full = [batch, count + missing]
    const answers = emit(operator, [emit('Pad', [x, integers([0, 0, 0, missing])], full)], full)
    return emit('Slice', [answers, integers([0]), integers([count]), integers([1])], x.shape)
  }
  /** The last dimension brought to mean 0 and variance 1. x: [batch, groups, numbers]. */
  function normalByPools(x: Node, epsilon: number): Node {
    const [batch, groups] = x.shape
    const mean = (of: Node) => reshape(emit('GlobalAveragePool', [of], [batch, groups, 1]), [0, groups, 1])
    const centered = ops.subtract(x, mean(x))
    const variance = mean(ops.multiply(centered, centered))
    return ops.divide(centered, ops.sqrt(ops.add(variance, filled(epsilon, [1]))))
  }

  /**
   * The sine, or with a shift of half a turn of pi the cosine: WebGPU's own may be wrong by 2^-11. The angle is brought within a quarter of
   * a turn, with pi in three parts (Cody & Waite 1980), where the series up to the eleventh power is exact to 6e-8.
   */
  function wave(x: Node, shift: 0 | 0.5): Node {
    const number = (value: number) => constant(Float32Array.of(value), [1])
    const times = (a: Node, value: number) => ops.multiply(a, number(value))
    const plus = (a: Node, value: number) => ops.add(a, number(value))
    const count = emit('Round', [plus(times(x, 1 / Math.PI), -shift)], x.shape)
    const halfTurns = plus(count, shift)
    const angle = PI.reduce((rest, part) => ops.subtract(rest, times(halfTurns, part)), x)
    const square = ops.multiply(angle, angle)
    const series = SINE.slice(1).reduce((sum, factor) => plus(ops.multiply(sum, square), factor), number(SINE[0]))
    const even = ops.subtract(count, times(emit('Floor', [times(count, 0.5)], x.shape), 2))
    const sign = plus(times(even, shift === 0 ? -2 : 2), shift === 0 ? 1 : -1)
    return ops.multiply(ops.multiply(sign, angle), series)
  }

  const ops: Ops<Node> = {
    parameter: (name, shape) => initializer(`p.${name}`, 'float32', shape, parameters(name, shape)),
    constant,
    add: broadcast('Add'),
    subtract: broadcast('Sub'),
    multiply: broadcast('Mul'),
    divide: broadcast('Div'),
    sin: provider === 'webgpu' ? x => wave(x, 0) : rowwise('Sin'),
    cos: provider === 'webgpu' ? x => wave(x, 0.5) : rowwise('Cos'),
    sqrt: pointwise('Sqrt'),
    log: rowwise('Log'),
    sigmoid: pointwise('Sigmoid'),
    relu: pointwise('Relu'),
    silu: x => ops.multiply(x, ops.sigmoid(x)),
    gelu(x) {
      const number = (value: number) => constant(Float32Array.of(value), [])
      const erf = emit('Erf', [ops.multiply(x, number(Math.SQRT1_2))], x.shape)
      return ops.multiply(ops.multiply(x, ops.add(erf, number(1))), number(0.5))
    },
    softmax: (x, axis) => emit('Softmax', [x], x.shape, { axis: { int: axis } }),
    // As a convolution of single pixels: one product a sample, where a matrix product would take the batch as one.
    linear(x, weight, bias) {
      const [out, input] = weight.shape
      if (x.shape.length === 3) {
        const product = ops.matmul(x, ops.transpose(weight, [1, 0]))
        return bias ? ops.add(product, bias) : product
      }
      const kernel = reshape(weight, [out, input, 1, 1])
      return reshape(conv2d(reshape(x, [-1, input, 1, 1]), kernel, bias), [-1, out])
    },
    matmul: (a, b) => emit('MatMul', [a, b], matmulShape(a.shape, b.shape)),
    conv2d,
    convTranspose2d(x, weight, { stride = 1, padding = 0, groups = 1 } = {}) {
      const [batch, , height, width] = x.shape
      const [, out, ...kernel] = weight.shape
      const pads = paddings(padding)
      const size = (length: number, axis: number) => (length - 1) * stride + kernel[axis] - 2 * pads[axis]
      const attributes = convAttributes(kernel, stride, pads, groups)
      return emit('ConvTranspose', [x, weight], [batch, out * groups, size(height, 0), size(width, 1)], attributes)
    },
    averagePool: (x, window) => pool('AveragePool', x, window),
    maxPool: (x, window) => pool('MaxPool', x, window),
    upsample2(x) {
      const [batch, channels, height, width] = x.shape
      const scales: Node = { ...constant(Float32Array.of(1, 1, 2, 2), [4]), type: 'index' }
      const none: Node = { name: '', shape: [], type: 'index' }
      const attributes = {
        mode: { text: 'nearest' },
        coordinate_transformation_mode: { text: 'asymmetric' },
        nearest_mode: { text: 'floor' }
      }
      return emit('Resize', [x, none, scales], [batch, channels, height * 2, width * 2], attributes)
    },
    groupNorm(x, scale, bias, groups, epsilon) {
      const [, channels, height, width] = x.shape
      const grouped = reshape(x, [0, groups, -1])
      const each = (array: Node) => reshape(array, [1, channels, 1, 1])
      if (provider === 'cpu' && ((channels / groups) * height * width) % ALIGNED !== 0) {
        const image = reshape(normalByPools(grouped, epsilon), [0, channels, height, width])
        return ops.add(ops.multiply(image, each(scale)), each(bias))
      }
      const normal = emit('InstanceNormalization', [grouped, filled(1, [groups]), filled(0, [groups])], grouped.shape, {
        epsilon: { float: epsilon }
      })
      const image = reshape(normal, [0, channels, height, width])
      return ops.add(ops.multiply(image, each(scale)), each(bias))
    },
    batchNorm: (x, scale, bias, mean, variance, epsilon) =>
      emit('BatchNormalization', [x, scale, bias, mean, variance], x.shape, { epsilon: { float: epsilon } }),
    layerNorm: (x, scale, bias, epsilon) =>
      emit('LayerNormalization', [x, scale, bias], x.shape, { axis: { int: -1 }, epsilon: { float: epsilon } }),
    gather(table, rows) {
      const shape = [...rows.shape, ...table.shape.slice(1)]
      return emit('Gather', [table, cast(rows, 'int64')], shape, { axis: { int: 0 } })
    },
    argMax(x) {
      const places: Node = value(x.shape.slice(0, -1), 'index')
      const attributes = { axis: { int: -1 }, keepdims: { int: 0 } }
      nodes.push({ operator: 'ArgMax', inputs: [x.name], outputs: [places.name], attributes })
      return cast(places, 'float32')
    },
    reshape,
    transpose: (x, order) =>
      emit(
        'Transpose',
        [x],
        order.map(axis => x.shape[axis]),
        { perm: { ints: order } }
      ),
    concat(parts, axis) {
      const total = parts.reduce((sum, { shape }) => sum + shape[axis], 0)
      const shape = parts[0].shape.map((size, i) => (i === axis ? total : size))
      return emit('Concat', parts, shape, { axis: { int: axis } })
    },
    split(x, parts, axis) {
      const shape = x.shape.map((size, i) => (i === axis ? size / parts : size))
      const sizes = integers(Array.from({ length: parts }, () => x.shape[axis] / parts))
      return emitAll(
        'Split',
        [x, sizes],
        Array.from({ length: parts }, () => shape),
        { axis: { int: axis } }
      )
    },
    shape: x => x.shape
  }

  return {
    ops,
    input(name, shape) {
      inputs.push({ name, shape })
      const given: Node = { name, shape, type: 'float32' }
      return precision === 'float16' && shape.length === 4 ? cast(given, 'float16') : given
    },
    finish(outputs) {
      const answers = outputs.map(output => (output.type === 'float16' ? cast(output, 'float32') : output))
      const used = new Set(nodes.flatMap(node => node.inputs))
      return {
        nodes,
        initializers: [...initializers.values()].filter(({ name }) => used.has(name)),
        inputs,
        outputs: answers.map(({ name, shape }) => ({ name, shape }))
      }
    }
  }
}

/**
 * ONNX Runtime's normalisation sums in an order that depends on where numbers begin within so many, so that a sample's bits would depend on its place
 * in the batch. Its pools do not.
 */
const ALIGNED = 16
/** Numbers that ONNX Runtime takes the sine of at once. */
const LANES = 4

/** From so many channels on tiles are faster. */
const WORTH = 128

/**
 * Kernels' values at the points are four times as many as the kernels: where an image has fewer pixels than channels, fetching them outweighs
 * what tiles save.
 */
function isWorthTiles([, channels, height, width]: readonly number[], out: number): boolean {
  const whole = height % ANSWER === 0 && width % ANSWER === 0
  return whole && height * width >= Math.max(channels, out) && Math.min(channels, out) >= WORTH
}

/** Parts of pi, the first two of few bits. */
const PI = [3.140625, 9.67502593994140625e-4, 1.509957990978376432e-7]
/** Of sin(x) / x by powers of x^2, the highest first. */
const SINE = [-1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6, 1]

function convAttributes(
  kernel: readonly number[],
  stride: number,
  padding: readonly number[],
  groups: number
): Record<string, Attribute> {
  return { ...windowAttributes(kernel, stride, padding), group: { int: groups } }
}

function windowAttributes(
  kernel: readonly number[],
  stride: number,
  padding: readonly number[]
): Record<string, Attribute> {
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: [stride, stride] },
    pads: { ints: [...padding, ...padding] }
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
