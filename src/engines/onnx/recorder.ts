import type { Ops } from '../ops.js'
import type { Graph, Parameters } from '../recipe.js'
import { argMax, binary, concat, gather, matmul, reshape, split, transpose } from './arrays.js'
import { CPU, GraphBuilder, type Node, type Target } from './builder.js'
import { conv2d, convTranspose2d, linear, pool, upsample2 } from './convolution.js'
import { batchNorm, groupNorm, layerNorm } from './normalisation.js'
import { cosine, gelu, pointwise, rowwise, silu, sine } from './pointwise.js'
import type { GraphProto } from './proto.js'

/** The operator set that recorded graphs are written in. */
export const OPSET = 17

export interface Recorder extends Graph<Node> {
  /** The graph of everything recorded, with these outputs. */
  readonly finish: (outputs: readonly Node[]) => GraphProto
}

/**
 * An interpreter of Ops that records an ONNX graph. Nothing in it depends on the batch but the batch dimension itself,
 * and no operation mixes samples: every matrix product of a sample is one of its own, so that a sample's bits are the
 * same in any batch.
 */
export function recorder(parameters: Parameters, target: Target = CPU): Recorder {
  const graph = new GraphBuilder(target)
  return {
    ops: opsOn(graph, parameters),
    input: (name, shape) => graph.input(name, shape),
    finish: outputs => graph.finish(outputs)
  }
}

function opsOn(graph: GraphBuilder, parameters: Parameters): Ops<Node> {
  return {
    parameter: (name, shape) => graph.initializer(`p.${name}`, 'float32', shape, parameters(name, shape)),
    constant: (values, shape) => graph.constant(values, shape),
    add: (a, b) => binary(graph, 'Add', a, b),
    subtract: (a, b) => binary(graph, 'Sub', a, b),
    multiply: (a, b) => binary(graph, 'Mul', a, b),
    divide: (a, b) => binary(graph, 'Div', a, b),
    sin: x => sine(graph, x),
    cos: x => cosine(graph, x),
    sqrt: x => pointwise(graph, 'Sqrt', x),
    log: x => rowwise(graph, 'Log', x),
    sigmoid: x => pointwise(graph, 'Sigmoid', x),
    relu: x => pointwise(graph, 'Relu', x),
    silu: x => silu(graph, x),
    gelu: x => gelu(graph, x),
    softmax: (x, axis) => graph.emit('Softmax', [x], x.shape, { axis: { int: axis } }),
    linear: (x, weight, bias) => linear(graph, x, weight, bias),
    matmul: (a, b) => matmul(graph, a, b),
    conv2d: (x, weight, bias, options) => conv2d(graph, x, weight, bias, options),
    convTranspose2d: (x, weight, options) => convTranspose2d(graph, x, weight, options),
    averagePool: (x, window) => pool(graph, 'AveragePool', x, window),
    maxPool: (x, window) => pool(graph, 'MaxPool', x, window),
    upsample2: x => upsample2(graph, x),
    groupNorm: (x, scale, bias, groups, epsilon) => groupNorm(graph, x, scale, bias, groups, epsilon),
    batchNorm: (x, scale, bias, mean, variance, epsilon) => batchNorm(graph, x, scale, bias, [mean, variance], epsilon),
    layerNorm: (x, scale, bias, epsilon) => layerNorm(graph, x, scale, bias, epsilon),
    gather: (table, rows) => gather(graph, table, rows),
    argMax: x => argMax(graph, x),
    reshape: (x, shape) => reshape(graph, x, shape),
    transpose: (x, order) => transpose(graph, x, order),
    concat: (parts, axis) => concat(graph, parts, axis),
    split: (x, parts, axis) => split(graph, x, parts, axis),
    shape: x => x.shape
  }
}
