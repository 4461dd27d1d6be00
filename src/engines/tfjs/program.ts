import type { ConvOptions, Ops, Window } from '../ops.js'
import { broadcastShape, matmulShape, paddings, reshapedShape, windowed } from '../shapes.js'

/** Operations of TensorFlow.js, as `worker.js` knows them. */
export type Kernel =
  | (
      | 'add'
      | 'sub'
      | 'mul'
      | 'div'
      | 'sin'
      | 'cos'
      | 'sigmoid'
      | 'relu'
      | 'sqrt'
      | 'log'
      | 'erf'
      | 'softmax'
      | 'matMul'
      | 'mean'
    )
  | ('gather' | 'argMax')
  | ('conv2d' | 'depthwiseConv2d' | 'conv2dTranspose' | 'avgPool' | 'maxPool' | 'resize')
  | ('reshape' | 'transpose' | 'concat' | 'split' | 'pad' | 'reverse' | 'zerosLike')

/** What kernels are told beside their operands, each what it needs. */
export interface Options {
  readonly stride?: number
  readonly padding?: 'same' | 'valid'
  /** Side of a window. */
  readonly size?: number
  /** Of a result, -1 for the batch. */
  readonly sizes?: readonly number[]
  readonly axis?: number
  readonly axes?: number[]
  readonly parts?: number
  /** Rows and columns of zeros before and behind, by axis. */
  readonly around?: [before: number, behind: number][]
  /** Whether the second matrix is to be transposed. */
  readonly transposed?: boolean
}

/** One operation: arrays by their numbers, what else the kernel is told, and the arrays that nothing needs after it. */
export interface Step {
  readonly kernel: Kernel
  readonly operands: readonly number[]
  readonly results: readonly number[]
  readonly options: Options
  readonly free: readonly number[]
}

/** A network as plain data, which a thread runs. */
export interface Program {
  readonly inputs: readonly { readonly name: string; readonly at: number }[]
  readonly constants: readonly {
    readonly at: number
    readonly shape: readonly number[]
    readonly values: Float32Array
  }[]
  /** What depends on no input: done once. */
  readonly preparation: readonly Step[]
  readonly steps: readonly Step[]
  readonly outputs: readonly number[]
}

/** An array of the program. */
export interface Value {
  readonly at: number
  /** As Ops has it: images [batch, channels, height, width], -1 for the batch. */
  readonly shape: readonly number[]
  /** Whether the channels really stand last, as TensorFlow.js wants images. */
  readonly last: boolean
  readonly constant: boolean
}

export interface ProgramRecorder {
  readonly ops: Ops<Value>
  readonly input: (name: string, shape: readonly number[]) => Value
  readonly finish: (outputs: readonly Value[]) => Program
}

const LAST = [0, 2, 3, 1]
const FIRST = [0, 3, 1, 2]

/**
 * An interpreter of Ops that records a program for TensorFlow.js. Images have their channels last from the first operation that wants
 * it to the first that does not; every array is freed behind its last use, since nobody else knows when that is.
 */
export function programRecorder(parameters: (name: string, shape: readonly number[]) => Float32Array): ProgramRecorder {
  const inputs: { name: string; at: number }[] = []
  const constants: { at: number; shape: readonly number[]; values: Float32Array }[] = []
  const known = new Map<string, Value>()
  const preparation: Step[] = []
  const steps: Step[] = []
  let count = 0

  function emitAll(
    kernel: Kernel,
    operands: readonly Value[],
    shapes: readonly (readonly number[])[],
    options: Options = {},
    last = false
  ): Value[] {
    const constant = operands.every(operand => operand.constant)
    const results = shapes.map(shape => ({ at: count++, shape, last, constant }))
    const step = {
      kernel,
      operands: operands.map(({ at }) => at),
      results: results.map(({ at }) => at),
      options,
      free: []
    }
    const list = constant ? preparation : steps
    list.push(step)
    return results
  }
  function emit(
    kernel: Kernel,
    operands: readonly Value[],
    shape: readonly number[],
    options?: Options,
    last?: boolean
  ) {
    const [value] = emitAll(kernel, operands, [shape], options, last)
    return value
  }
  const move = (x: Value, order: readonly number[], shape = x.shape, last = false) =>
    emit('transpose', [x], shape, { axes: [...order] }, last)
  const channelsLast = (x: Value) => (x.last ? x : move(x, LAST, x.shape, true))
  const channelsFirst = (x: Value) => (x.last ? move(x, FIRST) : x)

  function constant(values: Float32Array, shape: readonly number[]): Value {
    const value = { at: count++, shape, last: false, constant: true }
    constants.push({ at: value.at, shape, values })
    return value
  }
  const scalar = (value: number) => constant(Float32Array.of(value), [])

  const binary = (kernel: Kernel) => (a: Value, b: Value) => {
    const shape = broadcastShape(a.shape, b.shape)
    const fits = (x: Value) => x.last || x.shape.length === 4 || x.shape.every(size => size === 1)
    const last = (a.last || b.last) && fits(a) && fits(b)
    const placed = (x: Value) => (!last ? channelsFirst(x) : x.shape.length === 4 ? channelsLast(x) : x)
    return emit(kernel, [placed(a), placed(b)], shape, {}, last)
  }
  const [add, subtract, multiply, divide] = (['add', 'sub', 'mul', 'div'] as const).map(binary)
  const pointwise = (kernel: Kernel) => (x: Value) => emit(kernel, [x], x.shape, {}, x.last)
  /** Where an axis really stands. */
  const placeOf = (x: Value, axis: number) => (x.last ? LAST.indexOf(axis < 0 ? axis + 4 : axis) : axis)

  function reshape(x: Value, shape: readonly number[]): Value {
    const to = reshapedShape(x.shape, shape)
    return emit('reshape', [channelsFirst(x)], to, { sizes: to })
  }
  /** Of an image whose channels stand last, without moving a number. */
  const view = (x: Value, sizes: readonly number[], shape: readonly number[], last = false) =>
    emit('reshape', [x], shape, { sizes }, last)

  /** Zeros above and below, left and right. */
  const around = (x: Value, shape: readonly number[], zeros: readonly [number, number][]) =>
    emit('pad', [x], shape, { around: [[0, 0], ...zeros, [0, 0]] }, true)

  /** An image with more pixels around it, and how its windows then lie, in TensorFlow.js's words. */
  function padded(
    x: Value,
    pads: readonly [number, number],
    kernel: readonly number[],
    stride: number
  ): [Value, 'same' | 'valid'] {
    if (pads.every(pad => pad === 0)) return [x, 'valid']
    if (stride === 1 && pads.every((pad, axis) => 2 * pad === kernel[axis] - 1)) return [x, 'same']
    const [batch, channels, height, width] = x.shape
    const shape = [batch, channels, height + 2 * pads[0], width + 2 * pads[1]]
    return [
      around(
        x,
        shape,
        pads.map(pad => [pad, pad])
      ),
      'valid'
    ]
  }

  function conv2d(
    x: Value,
    weight: Value,
    bias?: Value,
    { stride = 1, padding = 0, groups = 1 }: ConvOptions = {}
  ): Value {
    const [batch, channels, height, width] = x.shape
    const [out, , ...kernel] = weight.shape
    const pads = paddings(padding)
    const [from, how] = padded(channelsLast(x), pads, kernel, stride)
    const shape = [batch, out, ...[height, width].map((side, axis) => windowed(side, kernel[axis], stride, pads[axis]))]
    const depthwise = groups > 1
    if (depthwise && (groups !== channels || out !== channels))
      throw new RangeError('a convolution in groups of several channels')
    const filter = move(weight, depthwise ? [2, 3, 0, 1] : [2, 3, 1, 0])
    const answer = emit(depthwise ? 'depthwiseConv2d' : 'conv2d', [from, filter], shape, { stride, padding: how }, true)
    return bias ? emit('add', [answer, bias], shape, {}, true) : answer
  }
  /** Zeros between the pixels, and as many as the transposed window wants around them. */
  function depthwiseTranspose(
    x: Value,
    weight: Value,
    shape: readonly number[],
    padding: readonly [number, number]
  ): Value {
    const [batch, channels, height, width] = x.shape
    const kernel = weight.shape[2]
    const interleaved = (image: Value, sizes: readonly number[], to: readonly number[]) => {
      const rows = view(image, sizes, sizes)
      const both = emit('concat', [rows, emit('zerosLike', [rows], sizes)], [sizes[0], sizes[1], 2, sizes[3]], {
        axis: 2
      })
      return view(both, [to[0], to[2], to[3], to[1]], to, true)
    }
    const tall = interleaved(
      channelsLast(x),
      [batch, height, 1, width * channels],
      [batch, channels, 2 * height, width]
    )
    const wide = interleaved(tall, [batch, 2 * height * width, 1, channels], [batch, channels, 2 * height, 2 * width])
    const zeros = padding.map((pad): [number, number] => [kernel - 1 - pad, kernel - 2 - pad])
    const open = [batch, channels, ...zeros.map(([before, after], axis) => wide.shape[axis + 2] + before + after)]
    const image = around(wide, open, zeros)
    const filter = emit('reverse', [move(weight, [2, 3, 0, 1])], weight.shape, { axes: [0, 1] })
    return emit('depthwiseConv2d', [image, filter], shape, { stride: 1, padding: 'valid' }, true)
  }
  function pool(kernel: 'avgPool' | 'maxPool', x: Value, { size, stride, padding = 0 }: Window): Value {
    const [batch, channels, height, width] = x.shape
    const same = stride === 1 && 2 * padding === size - 1
    if (padding > 0 && !same) throw new RangeError('pooling beyond the edges in steps of several pixels')
    const shape = [batch, channels, windowed(height, size, stride, padding), windowed(width, size, stride, padding)]
    return emit(kernel, [channelsLast(x)], shape, { size, stride, padding: same ? 'same' : 'valid' }, true)
  }
  function mean(x: Value, axes: number[]): Value {
    const shape = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    return emit('mean', [x], shape, { axes })
  }

  const ops: Ops<Value> = {
    parameter(name, shape) {
      const value = known.get(name) ?? constant(parameters(name, shape), shape)
      known.set(name, value)
      return value
    },
    constant,
    add,
    subtract,
    multiply,
    divide,
    sin: pointwise('sin'),
    cos: pointwise('cos'),
    sqrt: pointwise('sqrt'),
    log: pointwise('log'),
    sigmoid: pointwise('sigmoid'),
    relu: pointwise('relu'),
    silu: x => multiply(x, ops.sigmoid(x)),
    gelu: x =>
      multiply(
        multiply(x, add(emit('erf', [multiply(x, scalar(Math.SQRT1_2))], x.shape, {}, x.last), scalar(1))),
        scalar(0.5)
      ),
    softmax(x, axis) {
      const place = placeOf(x, axis)
      const end = x.shape.length - 1
      if (place === end || place === -1) return emit('softmax', [x], x.shape, {}, x.last)
      const order = x.shape.map((_, i) => (i === place ? end : i === end ? place : i))
      const swapped = order.map(i => x.shape[i])
      return move(emit('softmax', [move(x, order, swapped)], swapped), order, x.shape, x.last)
    },
    linear(x, weight, bias) {
      const shape = [...x.shape.slice(0, -1), weight.shape[0]]
      const answer = emit('matMul', [x, weight], shape, { transposed: true })
      return bias ? emit('add', [answer, bias], shape) : answer
    },
    matmul: (a, b) => emit('matMul', [channelsFirst(a), channelsFirst(b)], matmulShape(a.shape, b.shape)),
    conv2d,
    convTranspose2d(x, weight, { stride = 1, padding = 0, groups = 1 } = {}) {
      const [batch, channels, height, width] = x.shape
      const [, out, ...kernel] = weight.shape
      const pads = paddings(padding)
      const side = (length: number, axis: number) => (length - 1) * stride + kernel[axis] - 2 * pads[axis]
      const shape = [batch, out * groups, side(height, 0), side(width, 1)]
      if (groups === channels && out === 1 && stride === 2) return depthwiseTranspose(x, weight, shape, pads)
      const same = stride === 1 && pads.every((pad, axis) => 2 * pad === kernel[axis] - 1)
      if (groups > 1 || !(same || pads.every(pad => pad === 0)))
        throw new RangeError('a transposed convolution in groups, or cut at its edges')
      const sizes = [shape[2], shape[3], shape[1]]
      const operands = [channelsLast(x), move(weight, [2, 3, 1, 0])]
      return emit('conv2dTranspose', operands, shape, { sizes, stride, padding: same ? 'same' : 'valid' }, true)
    },
    averagePool: (x, window) => pool('avgPool', x, window),
    maxPool: (x, window) => pool('maxPool', x, window),
    upsample2(x) {
      const [batch, channels, height, width] = x.shape
      const [tall, wide] = [2 * height, 2 * width]
      return emit('resize', [channelsLast(x)], [batch, channels, tall, wide], { sizes: [tall, wide] }, true)
    },
    groupNorm(x, scale, bias, groups, epsilon) {
      const [batch, channels, height, width] = x.shape
      const sizes = [batch, height * width, groups, channels / groups]
      const grouped = view(channelsLast(x), sizes, sizes)
      const centered = subtract(grouped, mean(grouped, [1, 3]))
      const variance = mean(multiply(centered, centered), [1, 3])
      const normal = divide(centered, ops.sqrt(add(variance, scalar(epsilon))))
      const image = view(normal, [batch, height, width, channels], x.shape, true)
      const scaled = emit('mul', [image, scale], x.shape, {}, true)
      return emit('add', [scaled, bias], x.shape, {}, true)
    },
    batchNorm(x, scale, bias, average, variance, epsilon) {
      const factor = divide(scale, ops.sqrt(add(variance, scalar(epsilon))))
      const offset = subtract(bias, multiply(average, factor))
      const scaled = emit('mul', [channelsLast(x), factor], x.shape, {}, true)
      return emit('add', [scaled, offset], x.shape, {}, true)
    },
    layerNorm(x, scale, bias, epsilon) {
      const end = [x.shape.length - 1]
      const centered = subtract(x, mean(x, end))
      const variance = mean(multiply(centered, centered), end)
      const normal = divide(centered, ops.sqrt(add(variance, scalar(epsilon))))
      return add(multiply(normal, scale), bias)
    },
    gather: (table, rows) => emit('gather', [table, rows], [...rows.shape, ...table.shape.slice(1)]),
    argMax: x => emit('argMax', [x], x.shape.slice(0, -1)),
    reshape,
    transpose(x, order) {
      const shape = order.map(axis => x.shape[axis])
      return move(channelsFirst(x), order, shape)
    },
    concat(parts, axis) {
      const total = parts.reduce((sum, { shape }) => sum + shape[axis], 0)
      const shape = parts[0].shape.map((size, i) => (i === axis ? total : size))
      const last = parts.some(part => part.last)
      const placed = parts.map(last ? channelsLast : channelsFirst)
      return emit('concat', placed, shape, { axis: placeOf(placed[0], axis) }, last)
    },
    split(x, parts, axis) {
      const shape = x.shape.map((size, i) => (i === axis ? size / parts : size))
      const shapes = Array.from({ length: parts }, () => shape)
      return emitAll('split', [x], shapes, { parts, axis: placeOf(x, axis) }, x.last)
    },
    shape: x => x.shape
  }

  return {
    ops,
    input(name, shape) {
      const value = { at: count++, shape, last: false, constant: false }
      inputs.push({ name, at: value.at })
      return value
    },
    finish(outputs) {
      const answers = outputs.map(output => channelsFirst(output).at)
      const kept = new Set([
        ...constants.map(({ at }) => at),
        ...preparation.flatMap(({ results }) => results),
        ...answers
      ])
      return { inputs, constants, preparation, steps: withLastUses(steps, kept), outputs: answers }
    }
  }
}

/** Each step with the arrays that it is the last to use, and those of its results that nothing uses. */
function withLastUses(steps: readonly Step[], kept: ReadonlySet<number>): Step[] {
  const seen = new Set(kept)
  const backwards = [...steps].reverse().map(step => {
    const free = [...new Set([...step.operands, ...step.results])].filter(at => !seen.has(at))
    for (const at of free) seen.add(at)
    return { ...step, free }
  })
  return backwards.reverse()
}
