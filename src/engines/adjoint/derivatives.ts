import type { ConvOptions, Window } from '../ops.js'
import type { Operand, Tape, Traced } from './tape.js'

function scaled<T>(tape: Tape<T>, x: T, factor: number): T {
  return tape.inner.multiply(x, tape.number(factor))
}

function negative<T>(tape: Tape<T>, x: T): T {
  return scaled(tape, x, -1)
}

/** The mean of the last dimension, which stays as one. */
function mean<T>({ inner }: Tape<T>, x: T): T {
  const count = inner.shape(x)[inner.shape(x).length - 1]
  return inner.matmul(x, inner.constant(new Float32Array(count).fill(1 / count), [count, 1]))
}

/** The last two dimensions in the other order. */
function turned<T>({ inner }: Tape<T>, x: T): T {
  const axes = inner.shape(x).map((_, i) => i)
  return inner.transpose(x, [...axes.slice(0, -2), axes[axes.length - 1], axes[axes.length - 2]])
}

/** A function of each number alone; `derivative` is given the number and the function's value. */
function pointwise<T>(tape: Tape<T>, x: Traced<T>, apply: (x: T) => T, derivative?: (x: T, value: T) => T): Traced<T> {
  const value = apply(x.value)
  return tape.traced(value, [x, derivative && (g => tape.inner.multiply(g, derivative(x.value, value)))])
}

export function add<T>(tape: Tape<T>, a: Traced<T>, b: Traced<T>): Traced<T> {
  return tape.traced(tape.inner.add(a.value, b.value), [a, g => g], [b, g => g])
}

export function subtract<T>(tape: Tape<T>, a: Traced<T>, b: Traced<T>): Traced<T> {
  return tape.traced(tape.inner.subtract(a.value, b.value), [a, g => g], [b, g => negative(tape, g)])
}

export function multiply<T>(tape: Tape<T>, a: Traced<T>, b: Traced<T>): Traced<T> {
  const { inner } = tape
  const product = inner.multiply(a.value, b.value)
  return tape.traced(product, [a, g => inner.multiply(g, b.value)], [b, g => inner.multiply(g, a.value)])
}

export function divide<T>(tape: Tape<T>, a: Traced<T>, b: Traced<T>): Traced<T> {
  const { inner } = tape
  return tape.traced(inner.divide(a.value, b.value), [a, g => inner.divide(g, b.value)], [b])
}

export function sin<T>(tape: Tape<T>, x: Traced<T>): Traced<T> {
  const { inner } = tape
  return pointwise(
    tape,
    x,
    x => inner.sin(x),
    x => inner.cos(x)
  )
}

export function cos<T>(tape: Tape<T>, x: Traced<T>): Traced<T> {
  const { inner } = tape
  return pointwise(
    tape,
    x,
    x => inner.cos(x),
    x => negative(tape, inner.sin(x))
  )
}

export function sqrt<T>(tape: Tape<T>, x: Traced<T>): Traced<T> {
  const { inner } = tape
  return pointwise(
    tape,
    x,
    x => inner.sqrt(x),
    (_, root) => inner.divide(tape.number(0.5), root)
  )
}

export function log<T>(tape: Tape<T>, x: Traced<T>): Traced<T> {
  const { inner, one } = tape
  return pointwise(
    tape,
    x,
    x => inner.log(x),
    x => inner.divide(one, x)
  )
}

export function sigmoid<T>(tape: Tape<T>, x: Traced<T>): Traced<T> {
  const { inner, one } = tape
  return pointwise(
    tape,
    x,
    x => inner.sigmoid(x),
    (_, s) => inner.multiply(s, inner.subtract(one, s))
  )
}

export function silu<T>(tape: Tape<T>, x: Traced<T>): Traced<T> {
  const { inner, one } = tape
  const derivative = (x: T) => {
    const s = inner.sigmoid(x)
    return inner.multiply(s, inner.add(one, inner.multiply(x, inner.subtract(one, s))))
  }
  return pointwise(tape, x, x => inner.silu(x), derivative)
}

/** A softmax, whose derivative is known over the last axis alone. */
export function softmax<T>(tape: Tape<T>, x: Traced<T>, axis: number): Traced<T> {
  const { inner } = tape
  const value = inner.softmax(x.value, axis)
  const rank = inner.shape(value).length
  const size = inner.shape(value)[rank - 1]
  const derivative = (g: T) => {
    const share = inner.multiply(g, value)
    return inner.subtract(share, inner.multiply(value, scaled(tape, mean(tape, share), size)))
  }
  return tape.traced(value, [x, axis === -1 || axis === rank - 1 ? derivative : undefined])
}

export function linear<T>(tape: Tape<T>, x: Traced<T>, weight: Traced<T>, bias?: Traced<T>): Traced<T> {
  const { inner } = tape
  const value = inner.linear(x.value, weight.value, bias?.value)
  return tape.traced(value, [x, g => inner.linear(g, inner.transpose(weight.value, [1, 0]))])
}

export function matmul<T>(tape: Tape<T>, a: Traced<T>, b: Traced<T>): Traced<T> {
  const { inner } = tape
  return tape.traced(
    inner.matmul(a.value, b.value),
    [a, g => inner.matmul(g, turned(tape, b.value))],
    [b, g => inner.matmul(turned(tape, a.value), g)]
  )
}

export function conv2d<T>(
  tape: Tape<T>,
  x: Traced<T>,
  weight: Traced<T>,
  bias?: Traced<T>,
  options?: ConvOptions
): Traced<T> {
  const { inner } = tape
  const value = inner.conv2d(x.value, weight.value, bias?.value, options)
  return tape.traced(value, [x, g => inner.convTranspose2d(g, weight.value, options)])
}

export function convTranspose2d<T>(tape: Tape<T>, x: Traced<T>, weight: Traced<T>, options?: ConvOptions): Traced<T> {
  const { inner } = tape
  const value = inner.convTranspose2d(x.value, weight.value, options)
  return tape.traced(value, [x, g => inner.conv2d(g, weight.value, undefined, options)])
}

/** A mean, whose derivative is known over windows of 2 x 2 side by side alone. */
export function averagePool<T>(tape: Tape<T>, x: Traced<T>, window: Window): Traced<T> {
  const { inner } = tape
  const { size, stride, padding = 0 } = window
  const halves = size === 2 && stride === 2 && padding === 0
  const derivative = (g: T) => scaled(tape, inner.upsample2(g), 1 / 4)
  return tape.traced(inner.averagePool(x.value, window), [x, halves ? derivative : undefined])
}

export function upsample2<T>(tape: Tape<T>, x: Traced<T>): Traced<T> {
  const { inner } = tape
  const derivative = (g: T) => scaled(tape, inner.averagePool(g, { size: 2, stride: 2 }), 4)
  return tape.traced(inner.upsample2(x.value), [x, derivative])
}

export function groupNorm<T>(
  tape: Tape<T>,
  x: Traced<T>,
  scale: Traced<T>,
  bias: Traced<T>,
  groups: number,
  epsilon: number
): Traced<T> {
  const { inner } = tape
  const [, channels, height, width] = inner.shape(x.value)
  const grouped = (image: T) => inner.reshape(image, [0, groups, (channels / groups) * height * width])
  const derivative = (g: T) => {
    const centered = inner.subtract(grouped(x.value), mean(tape, grouped(x.value)))
    const variance = mean(tape, inner.multiply(centered, centered))
    const deviation = inner.sqrt(inner.add(variance, tape.number(epsilon)))
    const normal = inner.divide(centered, deviation)
    const weighted = grouped(inner.multiply(g, inner.reshape(scale.value, [1, channels, 1, 1])))
    const along = inner.multiply(normal, mean(tape, inner.multiply(weighted, normal)))
    const back = inner.divide(inner.subtract(inner.subtract(weighted, mean(tape, weighted)), along), deviation)
    return inner.reshape(back, [0, channels, height, width])
  }
  return tape.traced(inner.groupNorm(x.value, scale.value, bias.value, groups, epsilon), [x, derivative])
}

export function reshape<T>(tape: Tape<T>, x: Traced<T>, shape: readonly number[]): Traced<T> {
  const { inner } = tape
  const derivative = (g: T) => {
    const sizes = inner.shape(x.value).map((size, i) => (i === 0 ? 0 : size))
    return inner.reshape(g, sizes)
  }
  return tape.traced(inner.reshape(x.value, shape), [x, derivative])
}

export function transpose<T>(tape: Tape<T>, x: Traced<T>, order: readonly number[]): Traced<T> {
  const { inner } = tape
  const back = order.map((_, i) => order.indexOf(i))
  return tape.traced(inner.transpose(x.value, order), [x, g => inner.transpose(g, back)])
}

/** A split, whose derivative is known for parts of one size alone. */
export function concat<T>(tape: Tape<T>, parts: readonly Traced<T>[], axis: number): Traced<T> {
  const { inner } = tape
  const sizes = parts.map(({ value }) => inner.shape(value)[axis])
  const even = sizes.every(size => size === sizes[0])
  const operands = parts.map((part, k): Operand<T> => [
    part,
    even ? g => inner.split(g, parts.length, axis)[k] : undefined
  ])
  const values = parts.map(({ value }) => value)
  return tape.traced(inner.concat(values, axis), ...operands)
}

export function split<T>(tape: Tape<T>, x: Traced<T>, parts: number, axis: number): Traced<T>[] {
  const { inner } = tape
  return tape.tracedAll(inner.split(x.value, parts, axis), x, gradients => inner.concat(gradients, axis))
}
