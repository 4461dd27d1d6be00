import { broadcastShape, matmulShape, reshapedShape } from '../shapes.js'
import type { GraphBuilder, Node } from './builder.js'

/** An operation on two arrays number by number, where one may be stretched to the other. */
export function binary(graph: GraphBuilder, operator: 'Add' | 'Sub' | 'Mul' | 'Div', a: Node, b: Node): Node {
  return graph.emit(operator, [a, b], broadcastShape(a.shape, b.shape))
}

export function matmul(graph: GraphBuilder, a: Node, b: Node): Node {
  return graph.emit('MatMul', [a, b], matmulShape(a.shape, b.shape))
}

export function reshape(graph: GraphBuilder, x: Node, shape: readonly number[]): Node {
  return graph.emit('Reshape', [x, graph.integers(shape)], reshapedShape(x.shape, shape))
}

export function transpose(graph: GraphBuilder, x: Node, order: readonly number[]): Node {
  const shape = order.map(axis => x.shape[axis])
  return graph.emit('Transpose', [x], shape, { perm: { ints: order } })
}

export function concat(graph: GraphBuilder, parts: readonly Node[], axis: number): Node {
  const total = parts.reduce((sum, { shape }) => sum + shape[axis], 0)
  const shape = parts[0].shape.map((size, i) => (i === axis ? total : size))
  return graph.emit('Concat', parts, shape, { axis: { int: axis } })
}

export function split(graph: GraphBuilder, x: Node, parts: number, axis: number): Node[] {
  const shape = x.shape.map((size, i) => (i === axis ? size / parts : size))
  const sizes = graph.integers(Array.from({ length: parts }, () => x.shape[axis] / parts))
  const shapes = Array.from({ length: parts }, () => shape)
  return graph.emitAll('Split', [x, sizes], shapes, { axis: { int: axis } })
}

export function gather(graph: GraphBuilder, table: Node, rows: Node): Node {
  const shape = [...rows.shape, ...table.shape.slice(1)]
  return graph.emit('Gather', [table, graph.cast(rows, 'int64')], shape, { axis: { int: 0 } })
}

export function argMax(graph: GraphBuilder, x: Node): Node {
  const attributes = { axis: { int: -1 }, keepdims: { int: 0 } }
  return graph.cast(graph.emitIndex('ArgMax', [x], x.shape.slice(0, -1), attributes), 'float32')
}
