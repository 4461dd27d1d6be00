import type { ConvOptions, Window } from '../ops.js'
import { paddings, windowed } from '../shapes.js'
import { binary, matmul, reshape, transpose } from './arrays.js'
import type { GraphBuilder, Node } from './builder.js'
import type { Attribute } from './proto.js'
import { ANSWER, answerMatrix, kernelMatrix, sideMatrix, TILE, windowsOf, type Windows } from './winograd.js'

export function conv2d(
  graph: GraphBuilder,
  x: Node,
  weight: Node,
  bias?: Node,
  { stride = 1, padding = 0, groups = 1 }: ConvOptions = {}
): Node {
  const [batch, , height, width] = x.shape
  const [out, , ...kernel] = weight.shape
  const pads = paddings(padding)
  const same = stride === 1 && groups === 1 && [...kernel, ...pads].join() === '3,3,1,1'
  if (same && isWorthTiles(graph, x.shape, out)) return inTiles(graph, x, weight, bias)
  const size = (length: number, axis: number) => windowed(length, kernel[axis], stride, pads[axis])
  const operands = bias ? [x, weight, bias] : [x, weight]
  const shape = [batch, out, size(height, 0), size(width, 1)]
  return graph.emit('Conv', operands, shape, convAttributes(kernel, stride, pads, groups))
}

export function convTranspose2d(
  graph: GraphBuilder,
  x: Node,
  weight: Node,
  { stride = 1, padding = 0, groups = 1 }: ConvOptions = {}
): Node {
  const [batch, , height, width] = x.shape
  const [, out, ...kernel] = weight.shape
  const pads = paddings(padding)
  const size = (length: number, axis: number) => (length - 1) * stride + kernel[axis] - 2 * pads[axis]
  const shape = [batch, out * groups, size(height, 0), size(width, 1)]
  return graph.emit('ConvTranspose', [x, weight], shape, convAttributes(kernel, stride, pads, groups))
}

/**
 * A linear layer. On rows it is a convolution of single pixels: that is one product a sample, where a matrix product
 * would take the batch as one.
 */
export function linear(graph: GraphBuilder, x: Node, weight: Node, bias?: Node): Node {
  const [out, input] = weight.shape
  if (x.shape.length === 3) {
    const product = matmul(graph, x, transpose(graph, weight, [1, 0]))
    return bias ? binary(graph, 'Add', product, bias) : product
  }
  const kernel = reshape(graph, weight, [out, input, 1, 1])
  return reshape(graph, conv2d(graph, reshape(graph, x, [-1, input, 1, 1]), kernel, bias), [-1, out])
}

/** The number of channels from which on tiles are faster. */
const WORTH = 128

/**
 * Whether a convolution by 3 x 3 is faster on tiles. Kernels' values at the points are four times as many as the
 * kernels: where an image has fewer pixels than channels, fetching them outweighs what tiles save.
 */
function isWorthTiles({ target }: GraphBuilder, [, channels, height, width]: readonly number[], out: number): boolean {
  if (!target.provider.tiles || target.precision !== 'float32') return false
  const whole = height % ANSWER === 0 && width % ANSWER === 0
  return whole && height * width >= Math.max(channels, out) && Math.min(channels, out) >= WORTH
}

/**
 * A convolution by 3 x 3 on tiles. Channels stand last meanwhile, so that whatever is moved is moved in runs of them;
 * the kernels' values at the points are computed when the graph is loaded. Each window of rows is then as an image of
 * the batch.
 */
function inTiles(graph: GraphBuilder, x: Node, weight: Node, bias?: Node): Node {
  const [, channels, height, width] = x.shape
  const [out] = weight.shape
  const [high, wide] = [windowsOf(height), windowsOf(width)]
  const [rows, columns] = [high.tiles, width / ANSWER]
  const shaped = (array: Node, shape: readonly number[]) => reshape(graph, array, shape)

  const flat = transpose(graph, shaped(weight, [out, channels, 9]), [2, 1, 0])
  const toPoints = graph.constant(kernelMatrix(), [TILE ** 2, 9])
  const kernels = shaped(matmul(graph, toPoints, shaped(flat, [9, channels * out])), [TILE ** 2, channels, out])

  const down = graph.constant(sideMatrix(high), [...each(high), TILE * rows, high.size])
  const across = acrossOf(graph, wide)
  const strips = cut(graph, transpose(graph, x, [0, 2, 3, 1]), high, 1)
  const lines = matmul(graph, down, shaped(strips, [0, ...each(high), high.size, width * channels]))
  const pieces = cut(graph, shaped(lines, [-1, TILE, 1, rows, width, channels]), wide, 4)
  const tiles = matmul(graph, across, pieces)
  const answers = matmul(graph, shaped(tiles, [-1, TILE ** 2, rows * columns, channels]), kernels)
  const flatAnswers = shaped(answers, [0, TILE ** 2, rows * columns * out])
  const pixels = matmul(graph, graph.constant(answerMatrix(), [ANSWER ** 2, TILE ** 2]), flatAnswers)
  const image = transpose(graph, shaped(pixels, [0, ANSWER, ANSWER, rows, columns, out]), [0, 3, 1, 4, 2, 5])
  const whole = shaped(image, [high.count === 1 ? 0 : -1, height, width, out])
  return transpose(graph, bias ? binary(graph, 'Add', whole, bias) : whole, [0, 3, 1, 2])
}

/** The axis of a side's windows, where it has more than one. */
function each({ count }: Windows): readonly number[] {
  return count === 1 ? [] : [count]
}

/** What the pixels of windows across are multiplied with: [1, TILE, 1, windows, tiles, size]. */
function acrossOf(graph: GraphBuilder, windows: Windows): Node {
  const { count, tiles, size } = windows
  const matrix = sideMatrix(windows)
  if (count === 1) return graph.constant(matrix, [1, TILE, 1, tiles, size])
  const ordered = transpose(graph, graph.constant(matrix, [count, TILE, tiles, size]), [1, 0, 2, 3])
  return reshape(graph, ordered, [1, TILE, 1, count, tiles, size])
}

/** An axis of an image as windows: two axes in its place. What a window has outside of the image is multiplied by 0. */
function cut(graph: GraphBuilder, x: Node, { count, size, pixels, length }: Windows, axis: number): Node {
  if (count === 1) return x
  const within = pixels.flat().map(pixel => BigInt(Math.min(Math.max(pixel, 0), length - 1)))
  const data = new Uint8Array(BigInt64Array.from(within).buffer)
  const places = graph.initializer(`windows${length}`, 'int64', [count, size], data)
  const shape = [...x.shape.slice(0, axis), count, size, ...x.shape.slice(axis + 1)]
  return graph.emit('Gather', [x, places], shape, { axis: { int: axis } })
}

export function pool(graph: GraphBuilder, operator: 'AveragePool' | 'MaxPool', x: Node, window: Window): Node {
  const { size, stride, padding = 0 } = window
  const [batch, channels, height, width] = x.shape
  const pooled = (length: number) => windowed(length, size, stride, padding)
  const attributes = windowAttributes([size, size], stride, [padding, padding])
  return graph.emit(operator, [x], [batch, channels, pooled(height), pooled(width)], attributes)
}

export function upsample2(graph: GraphBuilder, x: Node): Node {
  const [batch, channels, height, width] = x.shape
  const scales: Node = { ...graph.constant(Float32Array.of(1, 1, 2, 2), [4]), type: 'index' }
  const none: Node = { name: '', shape: [], type: 'index' }
  const attributes = {
    mode: { text: 'nearest' },
    coordinate_transformation_mode: { text: 'asymmetric' },
    nearest_mode: { text: 'floor' }
  }
  return graph.emit('Resize', [x, none, scales], [batch, channels, height * 2, width * 2], attributes)
}

function convAttributes(
  kernel: readonly number[],
  stride: number,
  padding: readonly number[],
  groups: number
): Record<string, Attribute> {
  return { ...windowAttributes(kernel, stride, padding), group: { int: groups } }
}

function windowAttributes(
  kernel: readonly number[],
  stride: number,
  padding: readonly number[]
): Record<string, Attribute> {
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: [stride, stride] },
    pads: { ints: [...padding, ...padding] }
  }
}
