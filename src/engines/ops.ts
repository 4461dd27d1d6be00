/** How a convolution moves over its input. */
export interface ConvOptions {
  readonly stride?: number
  /** On each side; a pair: above and below, left and right. */
  readonly padding?: number | readonly [vertical: number, horizontal: number]
  readonly groups?: number
}

/** A window of square pixels that moves over an image. */
export interface Window {
  readonly size: number
  readonly stride: number
  readonly padding?: number
}

/**
 * What a network is written in: about thirty operations with the semantics of ONNX, images as NCHW, float32. An engine
 * is an interpreter of it, T its handle of an array. Dimension 0 of whatever depends on an input is the batch.
 */
export interface Ops<T> {
  /** A learned array by its name in the checkpoint's state dict. */
  parameter(name: string, shape: readonly number[]): T
  constant(values: Float32Array, shape: readonly number[]): T

  add(a: T, b: T): T
  subtract(a: T, b: T): T
  multiply(a: T, b: T): T
  divide(a: T, b: T): T

  sin(x: T): T
  cos(x: T): T
  sqrt(x: T): T
  /** The natural logarithm. */
  log(x: T): T
  sigmoid(x: T): T
  relu(x: T): T
  /** x * sigmoid(x) */
  silu(x: T): T
  /** x times the normal distribution's share below x (Hendrycks & Gimpel 2016), exactly. */
  gelu(x: T): T
  softmax(x: T, axis: number): T

  /** x: [batch, in] or [batch, tokens, in], weight: [out, in], bias: [out]. */
  linear(x: T, weight: T, bias?: T): T
  /** The last two dimensions multiplied, the others side by side; one that lacks them serves all. */
  matmul(a: T, b: T): T
  /** x: [batch, in, height, width], weight: [out, in / groups, kernel height, kernel width], bias: [out]. */
  conv2d(x: T, weight: T, bias?: T, options?: ConvOptions): T
  /** x: [batch, in, height, width], weight: [in, out / groups, k, k]. */
  convTranspose2d(x: T, weight: T, options?: ConvOptions): T
  /** The mean of the pixels of each window that lie within the image. */
  averagePool(x: T, window: Window): T
  maxPool(x: T, window: Window): T
  /** Each pixel twice in both directions. */
  upsample2(x: T): T
  /** x: [batch, channels, height, width], scale and bias: [channels]. */
  groupNorm(x: T, scale: T, bias: T, groups: number, epsilon: number): T
  /** Normalisation by known moments, all [channels]. */
  batchNorm(x: T, scale: T, bias: T, mean: T, variance: T, epsilon: number): T
  /** Normalises over the last dimension; scale and bias: [its size]. */
  layerNorm(x: T, scale: T, bias: T, epsilon: number): T

  /** Rows of a table, [rows, width], by their numbers, [batch, count]: [batch, count, width]. */
  gather(table: T, rows: T): T
  /** The place at which the last dimension is largest, the first of equals: one dimension fewer. */
  argMax(x: T): T

  /** A dimension of -1 is what is left, one of 0 as it was. */
  reshape(x: T, shape: readonly number[]): T
  transpose(x: T, order: readonly number[]): T
  concat(parts: readonly T[], axis: number): T
  /** Equal parts. */
  split(x: T, parts: number, axis: number): T[]

  /** The size of x; -1 for the batch. */
  shape(x: T): readonly number[]
}
