import { matmulShape, reshapedShape } from '../shapes.js'
import type { ProgramBuilder, Value } from './builder.js'
import { channelsFirst, channelsLast, move, placeOf } from './layout.js'

export function matmul(program: ProgramBuilder, a: Value, b: Value): Value {
  const operands = [channelsFirst(program, a), channelsFirst(program, b)]
  return program.emit('matMul', operands, matmulShape(a.shape, b.shape))
}

export function linear(program: ProgramBuilder, x: Value, weight: Value, bias?: Value): Value {
  const shape = [...x.shape.slice(0, -1), weight.shape[0]]
  const answer = program.emit('matMul', [x, weight], shape, { transposed: true })
  return bias ? program.emit('add', [answer, bias], shape) : answer
}

export function reshape(program: ProgramBuilder, x: Value, shape: readonly number[]): Value {
  const to = reshapedShape(x.shape, shape)
  return program.emit('reshape', [channelsFirst(program, x)], to, { sizes: to })
}

export function transpose(program: ProgramBuilder, x: Value, order: readonly number[]): Value {
  const shape = order.map(axis => x.shape[axis])
  return move(program, channelsFirst(program, x), order, shape)
}

export function concat(program: ProgramBuilder, parts: readonly Value[], axis: number): Value {
  const total = parts.reduce((sum, { shape }) => sum + shape[axis], 0)
  const shape = parts[0].shape.map((size, i) => (i === axis ? total : size))
  const last = parts.some(part => part.last)
  const place = last ? channelsLast : channelsFirst
  const placed = parts.map(part => place(program, part))
  return program.emit('concat', placed, shape, { axis: placeOf(placed[0], axis) }, last)
}

export function split(program: ProgramBuilder, x: Value, parts: number, axis: number): Value[] {
  const shape = x.shape.map((size, i) => (i === axis ? size / parts : size))
  const shapes = Array.from({ length: parts }, () => shape)
  return program.emitAll('split', [x], shapes, { parts, axis: placeOf(x, axis) }, x.last)
}

export function gather(program: ProgramBuilder, table: Value, rows: Value): Value {
  return program.emit('gather', [table, rows], [...rows.shape, ...table.shape.slice(1)])
}

export function argMax(program: ProgramBuilder, x: Value): Value {
  return program.emit('argMax', [x], x.shape.slice(0, -1))
}

/** TensorFlow.js takes the softmax of the last axis alone: another one is moved there and back. */
export function softmax(program: ProgramBuilder, x: Value, axis: number): Value {
  const place = placeOf(x, axis)
  const end = x.shape.length - 1
  if (place === end || place === -1) return program.emit('softmax', [x], x.shape, {}, x.last)
  const order = x.shape.map((_, i) => (i === place ? end : i === end ? place : i))
  const swapped = order.map(i => x.shape[i])
  const answer = program.emit('softmax', [move(program, x, order, swapped)], swapped)
  return move(program, answer, order, x.shape, x.last)
}
