import { binary } from './arrays.js'
import type { GraphBuilder, Node } from './builder.js'

/** A function of each number alone, by ONNX's operator. */
export function pointwise(graph: GraphBuilder, operator: string, x: Node): Node {
  return graph.emit(operator, [x], x.shape)
}

/** Numbers that ONNX Runtime takes the sine of at once. */
const LANES = 4

/**
 * A function of rows of numbers, [batch, count]. ONNX Runtime's CPU provider computes LANES numbers at once by a series
 * and what is left at the end by the C library. Rows are therefore filled up first, so that a number's place decides in
 * any batch.
 */
export function rowwise(graph: GraphBuilder, operator: string, x: Node): Node {
  const [batch, count] = x.shape
  const missing = (LANES - (count % LANES)) % LANES
  if (!graph.target.provider.batchInvariant || x.shape.length !== 2 || missing === 0)
    return pointwise(graph, operator, x)
  const full = [batch, count + missing]
  const answers = pointwise(graph, operator, graph.emit('Pad', [x, graph.integers([0, 0, 0, missing])], full))
  return graph.emit('Slice', [answers, graph.integers([0]), graph.integers([count]), graph.integers([1])], x.shape)
}

/** pi in three parts, the first two of few bits. */
const PI = [3.140625, 9.67502593994140625e-4, 1.509957990978376432e-7]
/** The factors of sin(x) / x by powers of x^2, the highest first. */
const SINE = [-1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6, 1]

/**
 * The sine, or with a shift of half a turn of pi the cosine, for a provider whose own are inexact. The angle is brought
 * within a quarter of a turn, with pi in three parts (Cody & Waite 1980), where the series up to the eleventh power is
 * exact to 6e-8.
 */
export function wave(graph: GraphBuilder, x: Node, shift: 0 | 0.5): Node {
  const number = (value: number) => graph.constant(Float32Array.of(value), [1])
  const multiply = (a: Node, b: Node) => binary(graph, 'Mul', a, b)
  const subtract = (a: Node, b: Node) => binary(graph, 'Sub', a, b)
  const times = (a: Node, value: number) => multiply(a, number(value))
  const plus = (a: Node, value: number) => binary(graph, 'Add', a, number(value))
  const count = graph.emit('Round', [plus(times(x, 1 / Math.PI), -shift)], x.shape)
  const halfTurns = plus(count, shift)
  const angle = PI.reduce((rest, part) => subtract(rest, times(halfTurns, part)), x)
  const square = multiply(angle, angle)
  const series = SINE.slice(1).reduce((sum, factor) => plus(multiply(sum, square), factor), number(SINE[0]))
  const even = subtract(count, times(graph.emit('Floor', [times(count, 0.5)], x.shape), 2))
  const sign = plus(times(even, shift === 0 ? -2 : 2), shift === 0 ? 1 : -1)
  return multiply(multiply(sign, angle), series)
}

/** The sine of noise levels and the like. */
export function sine(graph: GraphBuilder, x: Node): Node {
  return graph.target.provider.exactWaves ? rowwise(graph, 'Sin', x) : wave(graph, x, 0)
}

export function cosine(graph: GraphBuilder, x: Node): Node {
  return graph.target.provider.exactWaves ? rowwise(graph, 'Cos', x) : wave(graph, x, 0.5)
}

export function silu(graph: GraphBuilder, x: Node): Node {
  return binary(graph, 'Mul', x, pointwise(graph, 'Sigmoid', x))
}

export function gelu(graph: GraphBuilder, x: Node): Node {
  const number = (value: number) => graph.constant(Float32Array.of(value), [])
  const multiply = (a: Node, b: Node) => binary(graph, 'Mul', a, b)
  const erf = pointwise(graph, 'Erf', multiply(x, number(Math.SQRT1_2)))
  return multiply(multiply(x, binary(graph, 'Add', erf, number(1))), number(0.5))
}
