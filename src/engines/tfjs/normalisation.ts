import type { ProgramBuilder, Value } from './builder.js'
import { channelsLast, view } from './layout.js'
import { binary, pointwise } from './pointwise.js'

export function groupNorm(
  program: ProgramBuilder,
  x: Value,
  scale: Value,
  bias: Value,
  groups: number,
  epsilon: number
): Value {
  const [batch, channels, height, width] = x.shape
  const sizes = [batch, height * width, groups, channels / groups]
  const normal = normalised(program, view(program, channelsLast(program, x), sizes, sizes), [1, 3], epsilon)
  const image = view(program, normal, [batch, height, width, channels], x.shape, true)
  return scaled(program, image, scale, bias)
}

/** moments: the mean and the variance of each channel. */
export function batchNorm(
  program: ProgramBuilder,
  x: Value,
  scale: Value,
  bias: Value,
  [average, variance]: readonly [mean: Value, variance: Value],
  epsilon: number
): Value {
  const factor = binary(program, 'div', scale, deviation(program, variance, epsilon))
  const offset = binary(program, 'sub', bias, binary(program, 'mul', average, factor))
  return scaled(program, channelsLast(program, x), factor, offset)
}

export function layerNorm(program: ProgramBuilder, x: Value, scale: Value, bias: Value, epsilon: number): Value {
  const normal = normalised(program, x, [x.shape.length - 1], epsilon)
  return binary(program, 'add', binary(program, 'mul', normal, scale), bias)
}

/** x brought to mean 0 and variance 1 along some axes. */
function normalised(program: ProgramBuilder, x: Value, axes: number[], epsilon: number): Value {
  const centered = binary(program, 'sub', x, mean(program, x, axes))
  const variance = mean(program, binary(program, 'mul', centered, centered), axes)
  return binary(program, 'div', centered, deviation(program, variance, epsilon))
}

function deviation(program: ProgramBuilder, variance: Value, epsilon: number): Value {
  return pointwise(program, 'sqrt', binary(program, 'add', variance, program.scalar(epsilon)))
}

/** The mean along some axes, which stay as axes of one number. */
function mean(program: ProgramBuilder, x: Value, axes: number[]): Value {
  const shape = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  return program.emit('mean', [x], shape, { axes })
}

/** An image with its channels last times a factor a channel, and with an offset a channel. */
function scaled(program: ProgramBuilder, image: Value, factor: Value, offset: Value): Value {
  const product = program.emit('mul', [image, factor], image.shape, {}, true)
  return program.emit('add', [product, offset], image.shape, {}, true)
}
