import type { Ops } from '../ops.js'
import * as derivatives from './derivatives.js'
import { Tape, type Traced } from './tape.js'

/** Operations that remember how to go back. */
export interface Adjoint<T> {
  readonly ops: Ops<Traced<T>>
  /** What derivatives are taken by. */
  readonly variable: (value: T) => Traced<T>
  /** What they are not taken by. */
  readonly fixed: (value: T) => Traced<T>
  /**
   * The derivative by a variable of the sum of `output` times `weights`, by the chain rule from the last operation to
   * the first.
   */
  readonly gradient: (output: Traced<T>, weights: T, variable: Traced<T>) => T
}

/**
 * An interpreter of Ops on top of another: what is done forward and back is written in the other's operations, so that
 * a network's gradient is a network too, for every engine. Learned arrays are constants. Where nothing of this project
 * needs a derivative (of an operation, or by an operand that is stretched), there is none.
 * @throws RangeError where there is none
 */
export function adjoint<T>(inner: Ops<T>): Adjoint<T> {
  const tape = new Tape(inner)
  return {
    ops: { ...withDerivative(tape), ...withoutDerivative(tape) },
    variable: value => ({ value, active: true }),
    fixed,
    gradient: (output, weights, variable) => tape.gradient(output, weights, variable)
  }
}

function fixed<T>(value: T): Traced<T> {
  return { value, active: false }
}

/** Operations that no gradient passes through. */
type Without =
  ('parameter' | 'constant' | 'relu' | 'gelu' | 'maxPool' | 'batchNorm' | 'layerNorm') | ('gather' | 'argMax' | 'shape')

function withDerivative<T>(tape: Tape<T>): Omit<Ops<Traced<T>>, Without> {
  return {
    add: (a, b) => derivatives.add(tape, a, b),
    subtract: (a, b) => derivatives.subtract(tape, a, b),
    multiply: (a, b) => derivatives.multiply(tape, a, b),
    divide: (a, b) => derivatives.divide(tape, a, b),
    sin: x => derivatives.sin(tape, x),
    cos: x => derivatives.cos(tape, x),
    sqrt: x => derivatives.sqrt(tape, x),
    log: x => derivatives.log(tape, x),
    sigmoid: x => derivatives.sigmoid(tape, x),
    silu: x => derivatives.silu(tape, x),
    softmax: (x, axis) => derivatives.softmax(tape, x, axis),
    linear: (x, weight, bias) => derivatives.linear(tape, x, weight, bias),
    matmul: (a, b) => derivatives.matmul(tape, a, b),
    conv2d: (x, weight, bias, options) => derivatives.conv2d(tape, x, weight, bias, options),
    convTranspose2d: (x, weight, options) => derivatives.convTranspose2d(tape, x, weight, options),
    averagePool: (x, window) => derivatives.averagePool(tape, x, window),
    upsample2: x => derivatives.upsample2(tape, x),
    groupNorm: (x, scale, bias, groups, epsilon) => derivatives.groupNorm(tape, x, scale, bias, groups, epsilon),
    reshape: (x, shape) => derivatives.reshape(tape, x, shape),
    transpose: (x, order) => derivatives.transpose(tape, x, order),
    concat: (parts, axis) => derivatives.concat(tape, parts, axis),
    split: (x, parts, axis) => derivatives.split(tape, x, parts, axis)
  }
}

/** What is done forward alone: a gradient that would have to pass through it is refused. */
function withoutDerivative<T>(tape: Tape<T>): Pick<Ops<Traced<T>>, Without> {
  const { inner } = tape
  return {
    parameter: (name, shape) => fixed(inner.parameter(name, shape)),
    constant: (values, shape) => fixed(inner.constant(values, shape)),
    relu: x => tape.traced(inner.relu(x.value), [x]),
    gelu: x => tape.traced(inner.gelu(x.value), [x]),
    maxPool: (x, window) => tape.traced(inner.maxPool(x.value, window), [x]),
    batchNorm: (x, scale, bias, mean, variance, epsilon) =>
      tape.traced(inner.batchNorm(x.value, scale.value, bias.value, mean.value, variance.value, epsilon), [x]),
    layerNorm: (x, scale, bias, epsilon) =>
      tape.traced(inner.layerNorm(x.value, scale.value, bias.value, epsilon), [x]),
    gather: (table, rows) => tape.traced(inner.gather(table.value, rows.value), [table]),
    argMax: x => fixed(inner.argMax(x.value)),
    shape: ({ value }) => inner.shape(value)
  }
}
