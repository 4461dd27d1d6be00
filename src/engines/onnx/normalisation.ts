import { binary, reshape } from './arrays.js'
import type { GraphBuilder, Node } from './builder.js'
import { pointwise } from './pointwise.js'

/**
 * ONNX Runtime's CPU provider normalises by sums whose order depends on where numbers begin within ALIGNED, so that a
 * sample's bits would depend on its place in the batch. Its pools do not.
 */
const ALIGNED = 16

export function groupNorm(
  graph: GraphBuilder,
  x: Node,
  scale: Node,
  bias: Node,
  groups: number,
  epsilon: number
): Node {
  const [, channels, height, width] = x.shape
  const grouped = reshape(graph, x, [0, groups, -1])
  const aligned = ((channels / groups) * height * width) % ALIGNED === 0
  const byPools = graph.target.provider.batchInvariant && !aligned
  const normal = byPools ? normalByPools(graph, grouped, epsilon) : instanceNorm(graph, grouped, epsilon)
  const image = reshape(graph, normal, [0, channels, height, width])
  const perChannel = (array: Node) => reshape(graph, array, [1, channels, 1, 1])
  return binary(graph, 'Add', binary(graph, 'Mul', image, perChannel(scale)), perChannel(bias))
}

/** The last dimension brought to mean 0 and variance 1 by ONNX's own operation. x: [batch, groups, numbers]. */
function instanceNorm(graph: GraphBuilder, x: Node, epsilon: number): Node {
  const groups = [x.shape[1]]
  const operands = [x, graph.filled(1, groups), graph.filled(0, groups)]
  return graph.emit('InstanceNormalization', operands, x.shape, { epsilon: { float: epsilon } })
}

/** The last dimension brought to mean 0 and variance 1 by pools. x: [batch, groups, numbers]. */
function normalByPools(graph: GraphBuilder, x: Node, epsilon: number): Node {
  const [batch, groups] = x.shape
  const mean = (of: Node) => reshape(graph, graph.emit('GlobalAveragePool', [of], [batch, groups, 1]), [0, groups, 1])
  const centered = binary(graph, 'Sub', x, mean(x))
  const variance = mean(binary(graph, 'Mul', centered, centered))
  const deviation = pointwise(graph, 'Sqrt', binary(graph, 'Add', variance, graph.filled(epsilon, [1])))
  return binary(graph, 'Div', centered, deviation)
}

/** moments: the mean and the variance of each channel. */
export function batchNorm(
  graph: GraphBuilder,
  x: Node,
  scale: Node,
  bias: Node,
  moments: readonly [mean: Node, variance: Node],
  epsilon: number
): Node {
  return graph.emit('BatchNormalization', [x, scale, bias, ...moments], x.shape, { epsilon: { float: epsilon } })
}

export function layerNorm(graph: GraphBuilder, x: Node, scale: Node, bias: Node, epsilon: number): Node {
  const attributes = { axis: { int: -1 }, epsilon: { float: epsilon } }
  return graph.emit('LayerNormalization', [x, scale, bias], x.shape, attributes)
}
