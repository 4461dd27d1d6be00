import type { ConvOptions, Ops, Window } from '../engines/ops.js'
import type { InceptionInput } from './inception-inputs.js'
import { scale } from './layers.js'
import { resizeBicubic, resizeBilinear } from './resize.js'

/** Features of an image. */
export const FEATURES = 2048

const SIDE = 299
const WHOLE: Window = { size: 8, stride: 1 }
const SAME: Window = { size: 3, stride: 1, padding: 1 }
const HALVE: Window = { size: 3, stride: 2 }

/**
 * Inception-v3 (Szegedy et al. 2016, arXiv 1512.00567) as TensorFlow released it in 2015, up to its last pooling: what
 * FID compares (Heusel et al. 2017). x: [batch, 3, height, width], 0 to 255; answers [batch, 2048]. Names are those of
 * pytorch-fid's weights.
 */
export function inceptionV3<T>(ops: Ops<T>, x: T, input: InceptionInput): T {
  const conv = (name: string, of: T, out: number, kernel: number | readonly [number, number], options?: ConvOptions) =>
    convolution(ops, name, of, out, kernel, options)
  let h = PREPARATIONS[input](ops, x)
  h = conv('Conv2d_1a_3x3', h, 32, 3, { stride: 2 })
  h = conv('Conv2d_2a_3x3', h, 32, 3)
  h = conv('Conv2d_2b_3x3', h, 64, 3, { padding: 1 })
  h = ops.maxPool(h, HALVE)
  h = conv('Conv2d_3b_1x1', h, 80, 1)
  h = conv('Conv2d_4a_3x3', h, 192, 3)
  h = ops.maxPool(h, HALVE)
  h = mixedA(ops, 'Mixed_5b', h, 32)
  h = mixedA(ops, 'Mixed_5c', h, 64)
  h = mixedA(ops, 'Mixed_5d', h, 64)
  h = mixedB(ops, 'Mixed_6a', h)
  h = mixedC(ops, 'Mixed_6b', h, 128)
  h = mixedC(ops, 'Mixed_6c', h, 160)
  h = mixedC(ops, 'Mixed_6d', h, 160)
  h = mixedC(ops, 'Mixed_6e', h, 192)
  h = mixedD(ops, 'Mixed_7a', h)
  h = mixedE(ops, 'Mixed_7b', h, ops.averagePool(h, SAME))
  h = mixedE(ops, 'Mixed_7c', h, ops.maxPool(h, SAME))
  return ops.reshape(ops.averagePool(h, WHOLE), [0, FEATURES])
}

/** What each preparation does to x, [batch, 3, height, width], 0 to 255. */
const PREPARATIONS: Readonly<Record<InceptionInput, <T>(ops: Ops<T>, x: T) => T>> = {
  tensorflow: (ops, x) => centred(ops, resizeBilinear(ops, x, SIDE, 'corners')),
  pytorch: (ops, x) => ops.subtract(scale(ops, resizeBilinear(ops, x, SIDE, 'centers'), 2 / 255), number(ops, 1)),
  clean: (ops, x) => centred(ops, clipped(ops, resizeBicubic(ops, x, SIDE)))
}

/** (x - 128) / 128 */
function centred<T>(ops: Ops<T>, x: T): T {
  return ops.multiply(ops.subtract(x, number(ops, 128)), number(ops, 1 / 128))
}

/** x within 0 to 255. */
function clipped<T>(ops: Ops<T>, x: T): T {
  const most = number(ops, 255)
  return ops.subtract(most, ops.relu(ops.subtract(most, ops.relu(x))))
}

function number<T>(ops: Ops<T>, value: number): T {
  return ops.constant(Float32Array.of(value), [])
}

/** A convolution without bias, batch normalisation and ReLU. */
function convolution<T>(
  ops: Ops<T>,
  name: string,
  x: T,
  out: number,
  kernel: number | readonly [number, number],
  options?: ConvOptions
): T {
  const [, channels] = ops.shape(x)
  const [height, width] = typeof kernel === 'number' ? [kernel, kernel] : kernel
  const moment = (part: string) => ops.parameter(`${name}.bn.${part}`, [out])
  const h = ops.conv2d(x, ops.parameter(`${name}.conv.weight`, [out, channels, height, width]), undefined, options)
  const [weight, bias, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(moment)
  return ops.relu(ops.batchNorm(h, weight, bias, mean, variance, 1e-3))
}

/** A branch's convolutions one after the other, each padded so that it keeps the size. */
function chain<T>(
  ops: Ops<T>,
  x: T,
  layers: readonly (readonly [name: string, out: number, height: number, width: number])[]
): T {
  return layers.reduce((h, [name, out, height, width]) => {
    const padding = [(height - 1) / 2, (width - 1) / 2] as const
    return convolution(ops, name, h, out, [height, width], { padding })
  }, x)
}

function mixedA<T>(ops: Ops<T>, name: string, x: T, pooled: number): T {
  return ops.concat(
    [
      chain(ops, x, [[`${name}.branch1x1`, 64, 1, 1]]),
      chain(ops, x, [
        [`${name}.branch5x5_1`, 48, 1, 1],
        [`${name}.branch5x5_2`, 64, 5, 5]
      ]),
      chain(ops, x, [
        [`${name}.branch3x3dbl_1`, 64, 1, 1],
        [`${name}.branch3x3dbl_2`, 96, 3, 3],
        [`${name}.branch3x3dbl_3`, 96, 3, 3]
      ]),
      chain(ops, ops.averagePool(x, SAME), [[`${name}.branch_pool`, pooled, 1, 1]])
    ],
    1
  )
}

function mixedB<T>(ops: Ops<T>, name: string, x: T): T {
  const before = chain(ops, x, [
    [`${name}.branch3x3dbl_1`, 64, 1, 1],
    [`${name}.branch3x3dbl_2`, 96, 3, 3]
  ])
  return ops.concat(
    [
      convolution(ops, `${name}.branch3x3`, x, 384, 3, { stride: 2 }),
      convolution(ops, `${name}.branch3x3dbl_3`, before, 96, 3, { stride: 2 }),
      ops.maxPool(x, HALVE)
    ],
    1
  )
}

function mixedC<T>(ops: Ops<T>, name: string, x: T, channels: number): T {
  return ops.concat(
    [
      chain(ops, x, [[`${name}.branch1x1`, 192, 1, 1]]),
      chain(ops, x, [
        [`${name}.branch7x7_1`, channels, 1, 1],
        [`${name}.branch7x7_2`, channels, 1, 7],
        [`${name}.branch7x7_3`, 192, 7, 1]
      ]),
      chain(ops, x, [
        [`${name}.branch7x7dbl_1`, channels, 1, 1],
        [`${name}.branch7x7dbl_2`, channels, 7, 1],
        [`${name}.branch7x7dbl_3`, channels, 1, 7],
        [`${name}.branch7x7dbl_4`, channels, 7, 1],
        [`${name}.branch7x7dbl_5`, 192, 1, 7]
      ]),
      chain(ops, ops.averagePool(x, SAME), [[`${name}.branch_pool`, 192, 1, 1]])
    ],
    1
  )
}

function mixedD<T>(ops: Ops<T>, name: string, x: T): T {
  const narrow = chain(ops, x, [[`${name}.branch3x3_1`, 192, 1, 1]])
  const wide = chain(ops, x, [
    [`${name}.branch7x7x3_1`, 192, 1, 1],
    [`${name}.branch7x7x3_2`, 192, 1, 7],
    [`${name}.branch7x7x3_3`, 192, 7, 1]
  ])
  return ops.concat(
    [
      convolution(ops, `${name}.branch3x3_2`, narrow, 320, 3, { stride: 2 }),
      convolution(ops, `${name}.branch7x7x3_4`, wide, 192, 3, { stride: 2 }),
      ops.maxPool(x, HALVE)
    ],
    1
  )
}

/** The last blocks, alike but for how `pooled` was made of x. */
function mixedE<T>(ops: Ops<T>, name: string, x: T, pooled: T): T {
  const fork = (h: T, branch: string) => [
    chain(ops, h, [[`${name}.${branch}a`, 384, 1, 3]]),
    chain(ops, h, [[`${name}.${branch}b`, 384, 3, 1]])
  ]
  const single = chain(ops, x, [[`${name}.branch3x3_1`, 384, 1, 1]])
  const double = chain(ops, x, [
    [`${name}.branch3x3dbl_1`, 448, 1, 1],
    [`${name}.branch3x3dbl_2`, 384, 3, 3]
  ])
  return ops.concat(
    [
      chain(ops, x, [[`${name}.branch1x1`, 320, 1, 1]]),
      ...fork(single, 'branch3x3_2'),
      ...fork(double, 'branch3x3dbl_3'),
      chain(ops, pooled, [[`${name}.branch_pool`, 192, 1, 1]])
    ],
    1
  )
}
