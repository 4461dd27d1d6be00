import type { ProgramBuilder, Value } from './builder.js'

const LAST = [0, 2, 3, 1]
const FIRST = [0, 3, 1, 2]

/** Moves the numbers of an array by the order of its axes as they stand. */
export function move(
  program: ProgramBuilder,
  x: Value,
  order: readonly number[],
  shape = x.shape,
  last = false
): Value {
  return program.emit('transpose', [x], shape, { axes: [...order] }, last)
}

export function channelsLast(program: ProgramBuilder, x: Value): Value {
  return x.last ? x : move(program, x, LAST, x.shape, true)
}

export function channelsFirst(program: ProgramBuilder, x: Value): Value {
  return x.last ? move(program, x, FIRST) : x
}

/** Gives an array other sizes without moving a number. */
export function view(
  program: ProgramBuilder,
  x: Value,
  sizes: readonly number[],
  shape: readonly number[],
  last = false
): Value {
  return program.emit('reshape', [x], shape, { sizes }, last)
}

/** The place where an axis of Ops really stands. */
export function placeOf(x: Value, axis: number): number {
  return x.last ? LAST.indexOf(axis < 0 ? axis + 4 : axis) : axis
}
