import type { Ops } from '../ops.js'
import { argMax, concat, gather, linear, matmul, reshape, softmax, split, transpose } from './arrays.js'
import { ProgramBuilder, type Value } from './builder.js'
import { conv2d, convTranspose2d, pool, upsample2 } from './convolution.js'
import { channelsFirst } from './layout.js'
import { batchNorm, groupNorm, layerNorm } from './normalisation.js'
import { binary, gelu, pointwise, silu } from './pointwise.js'
import type { Program } from './program.js'

export interface ProgramRecorder {
  readonly ops: Ops<Value>
  readonly input: (name: string, shape: readonly number[]) => Value
  readonly finish: (outputs: readonly Value[]) => Program
}

/** A learned array by its name, in single precision. */
type Read = (name: string, shape: readonly number[]) => Float32Array

/**
 * An interpreter of Ops that records a program for TensorFlow.js. Images have their channels last from the first
 * operation that wants it to the first that does not; every array is freed behind its last use, since nobody else knows
 * when that is.
 */
export function programRecorder(parameters: Read): ProgramRecorder {
  const program = new ProgramBuilder()
  return {
    ops: opsOn(program, parameters),
    input: (name, shape) => program.input(name, shape),
    finish: outputs => program.finish(outputs.map(output => channelsFirst(program, output)))
  }
}

function opsOn(program: ProgramBuilder, parameters: Read): Ops<Value> {
  return {
    parameter: (name, shape) => program.parameter(name, shape, () => parameters(name, shape)),
    constant: (values, shape) => program.constant(values, shape),
    add: (a, b) => binary(program, 'add', a, b),
    subtract: (a, b) => binary(program, 'sub', a, b),
    multiply: (a, b) => binary(program, 'mul', a, b),
    divide: (a, b) => binary(program, 'div', a, b),
    sin: x => pointwise(program, 'sin', x),
    cos: x => pointwise(program, 'cos', x),
    sqrt: x => pointwise(program, 'sqrt', x),
    log: x => pointwise(program, 'log', x),
    sigmoid: x => pointwise(program, 'sigmoid', x),
    relu: x => pointwise(program, 'relu', x),
    silu: x => silu(program, x),
    gelu: x => gelu(program, x),
    softmax: (x, axis) => softmax(program, x, axis),
    linear: (x, weight, bias) => linear(program, x, weight, bias),
    matmul: (a, b) => matmul(program, a, b),
    conv2d: (x, weight, bias, options) => conv2d(program, x, weight, bias, options),
    convTranspose2d: (x, weight, options) => convTranspose2d(program, x, weight, options),
    averagePool: (x, window) => pool(program, 'avgPool', x, window),
    maxPool: (x, window) => pool(program, 'maxPool', x, window),
    upsample2: x => upsample2(program, x),
    groupNorm: (x, scale, bias, groups, epsilon) => groupNorm(program, x, scale, bias, groups, epsilon),
    batchNorm: (x, scale, bias, mean, variance, epsilon) =>
      batchNorm(program, x, scale, bias, [mean, variance], epsilon),
    layerNorm: (x, scale, bias, epsilon) => layerNorm(program, x, scale, bias, epsilon),
    gather: (table, rows) => gather(program, table, rows),
    argMax: x => argMax(program, x),
    reshape: (x, shape) => reshape(program, x, shape),
    transpose: (x, order) => transpose(program, x, order),
    concat: (parts, axis) => concat(program, parts, axis),
    split: (x, parts, axis) => split(program, x, parts, axis),
    shape: x => x.shape
  }
}
