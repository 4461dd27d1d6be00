import type { ConvOptions, Window } from '../ops.js'
import { paddings, windowed } from '../shapes.js'
import type { ProgramBuilder, Value } from './builder.js'
import { channelsLast, move, view } from './layout.js'

type Pads = readonly [vertical: number, horizontal: number]

export function conv2d(
  program: ProgramBuilder,
  x: Value,
  weight: Value,
  bias?: Value,
  { stride = 1, padding = 0, groups = 1 }: ConvOptions = {}
): Value {
  const [batch, channels, height, width] = x.shape
  const [out, , ...kernel] = weight.shape
  const pads = paddings(padding)
  const [from, how] = padded(program, channelsLast(program, x), pads, kernel, stride)
  const shape = [batch, out, ...[height, width].map((side, axis) => windowed(side, kernel[axis], stride, pads[axis]))]
  const depthwise = groups > 1
  if (depthwise && (groups !== channels || out !== channels))
    throw new RangeError('a convolution in groups of several channels')
  const filter = move(program, weight, depthwise ? [2, 3, 0, 1] : [2, 3, 1, 0])
  const operation = depthwise ? 'depthwiseConv2d' : 'conv2d'
  const answer = program.emit(operation, [from, filter], shape, { stride, padding: how }, true)
  return bias ? program.emit('add', [answer, bias], shape, {}, true) : answer
}

/** An image with more pixels around it, and how its windows then lie, in TensorFlow.js's words. */
function padded(
  program: ProgramBuilder,
  x: Value,
  pads: Pads,
  kernel: readonly number[],
  stride: number
): [Value, 'same' | 'valid'] {
  if (pads.every(pad => pad === 0)) return [x, 'valid']
  if (stride === 1 && pads.every((pad, axis) => 2 * pad === kernel[axis] - 1)) return [x, 'same']
  const [batch, channels, height, width] = x.shape
  const shape = [batch, channels, height + 2 * pads[0], width + 2 * pads[1]]
  const zeros = pads.map((pad): [number, number] => [pad, pad])
  return [surrounded(program, x, shape, zeros), 'valid']
}

/** An image with zeros above and below, left and right. */
function surrounded(
  program: ProgramBuilder,
  x: Value,
  shape: readonly number[],
  zeros: readonly [before: number, behind: number][]
): Value {
  return program.emit('pad', [x], shape, { around: [[0, 0], ...zeros, [0, 0]] }, true)
}

export function convTranspose2d(
  program: ProgramBuilder,
  x: Value,
  weight: Value,
  { stride = 1, padding = 0, groups = 1 }: ConvOptions = {}
): Value {
  const [batch, channels, height, width] = x.shape
  const [, out, ...kernel] = weight.shape
  const pads = paddings(padding)
  const side = (length: number, axis: number) => (length - 1) * stride + kernel[axis] - 2 * pads[axis]
  const shape = [batch, out * groups, side(height, 0), side(width, 1)]
  if (groups === channels && out === 1 && stride === 2) return depthwiseTranspose(program, x, weight, shape, pads)
  const same = stride === 1 && pads.every((pad, axis) => 2 * pad === kernel[axis] - 1)
  if (groups > 1 || !(same || pads.every(pad => pad === 0)))
    throw new RangeError('a transposed convolution in groups, or cut at its edges')
  const sizes = [shape[2], shape[3], shape[1]]
  const operands = [channelsLast(program, x), move(program, weight, [2, 3, 1, 0])]
  return program.emit('conv2dTranspose', operands, shape, { sizes, stride, padding: same ? 'same' : 'valid' }, true)
}

/**
 * A transposed convolution of each channel alone, by steps of 2: a convolution of the image with zeros between and
 * around its pixels.
 */
function depthwiseTranspose(
  program: ProgramBuilder,
  x: Value,
  weight: Value,
  shape: readonly number[],
  padding: Pads
): Value {
  const [batch, channels, height, width] = x.shape
  const kernel = weight.shape[2]
  const tallSizes = [batch, height, 1, width * channels]
  const tall = interleaved(program, channelsLast(program, x), tallSizes, [batch, channels, 2 * height, width])
  const wideSizes = [batch, 2 * height * width, 1, channels]
  const wide = interleaved(program, tall, wideSizes, [batch, channels, 2 * height, 2 * width])
  const zeros = padding.map((pad): [number, number] => [kernel - 1 - pad, kernel - 2 - pad])
  const open = [batch, channels, ...zeros.map(([before, after], axis) => wide.shape[axis + 2] + before + after)]
  const image = surrounded(program, wide, open, zeros)
  const filter = program.emit('reverse', [move(program, weight, [2, 3, 0, 1])], weight.shape, { axes: [0, 1] })
  return program.emit('depthwiseConv2d', [image, filter], shape, { stride: 1, padding: 'valid' }, true)
}

/** Zeros behind each row of an image, as sizes tell rows apart. */
function interleaved(program: ProgramBuilder, image: Value, sizes: readonly number[], to: readonly number[]): Value {
  const rows = view(program, image, sizes, sizes)
  const twice = [sizes[0], sizes[1], 2, sizes[3]]
  const both = program.emit('concat', [rows, program.emit('zerosLike', [rows], sizes)], twice, { axis: 2 })
  return view(program, both, [to[0], to[2], to[3], to[1]], to, true)
}

export function pool(program: ProgramBuilder, kernel: 'avgPool' | 'maxPool', x: Value, window: Window): Value {
  const { size, stride, padding = 0 } = window
  const [batch, channels, height, width] = x.shape
  const same = stride === 1 && 2 * padding === size - 1
  if (padding > 0 && !same) throw new RangeError('pooling beyond the edges in steps of several pixels')
  const shape = [batch, channels, windowed(height, size, stride, padding), windowed(width, size, stride, padding)]
  const options = { size, stride, padding: same ? ('same' as const) : ('valid' as const) }
  return program.emit(kernel, [channelsLast(program, x)], shape, options, true)
}

export function upsample2(program: ProgramBuilder, x: Value): Value {
  const [batch, channels, height, width] = x.shape
  const sizes = [2 * height, 2 * width]
  return program.emit('resize', [channelsLast(program, x)], [batch, channels, ...sizes], { sizes }, true)
}
