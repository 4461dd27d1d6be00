import { broadcastShape } from '../shapes.js'
import type { ProgramBuilder, Value } from './builder.js'
import { channelsFirst, channelsLast } from './layout.js'
import type { Kernel } from './program.js'

/** A function of each number alone. */
export function pointwise(program: ProgramBuilder, kernel: Kernel, x: Value): Value {
  return program.emit(kernel, [x], x.shape, {}, x.last)
}

/**
 * An operation on two arrays number by number. Images meet with their channels last if one has them so and the other
 * can.
 */
export function binary(program: ProgramBuilder, kernel: 'add' | 'sub' | 'mul' | 'div', a: Value, b: Value): Value {
  const shape = broadcastShape(a.shape, b.shape)
  const last = (a.last || b.last) && canBeLast(a) && canBeLast(b)
  const placed = (x: Value) => {
    if (!last) return channelsFirst(program, x)
    return x.shape.length === 4 ? channelsLast(program, x) : x
  }
  return program.emit(kernel, [placed(a), placed(b)], shape, {}, last)
}

function canBeLast(x: Value): boolean {
  return x.last || x.shape.length === 4 || x.shape.every(size => size === 1)
}

export function silu(program: ProgramBuilder, x: Value): Value {
  return binary(program, 'mul', x, pointwise(program, 'sigmoid', x))
}

export function gelu(program: ProgramBuilder, x: Value): Value {
  const multiply = (a: Value, b: Value) => binary(program, 'mul', a, b)
  const erf = program.emit('erf', [multiply(x, program.scalar(Math.SQRT1_2))], x.shape, {}, x.last)
  return multiply(multiply(x, binary(program, 'add', erf, program.scalar(1))), program.scalar(0.5))
}
