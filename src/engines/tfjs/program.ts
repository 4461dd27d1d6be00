/** Operations of TensorFlow.js, as `worker.js` knows them. */
export type Kernel =
  | (
      | 'add'
      | 'sub'
      | 'mul'
      | 'div'
      | 'sin'
      | 'cos'
      | 'sigmoid'
      | 'relu'
      | 'sqrt'
      | 'log'
      | 'erf'
      | 'softmax'
      | 'matMul'
      | 'mean'
    )
  | ('gather' | 'argMax')
  | ('conv2d' | 'depthwiseConv2d' | 'conv2dTranspose' | 'avgPool' | 'maxPool' | 'resize')
  | ('reshape' | 'transpose' | 'concat' | 'split' | 'pad' | 'reverse' | 'zerosLike')

/** What kernels are told beside their operands, each what it needs. */
export interface Options {
  readonly stride?: number
  readonly padding?: 'same' | 'valid'
  /** Side of a window. */
  readonly size?: number
  /** Sizes of a result, -1 for the batch. */
  readonly sizes?: readonly number[]
  readonly axis?: number
  readonly axes?: number[]
  readonly parts?: number
  /** Rows and columns of zeros before and behind, by axis. */
  readonly around?: [before: number, behind: number][]
  /** Whether the second matrix is to be transposed. */
  readonly transposed?: boolean
}

/** One operation: arrays by their numbers, what else the kernel is told, and the arrays that nothing needs after it. */
export interface Step {
  readonly kernel: Kernel
  readonly operands: readonly number[]
  readonly results: readonly number[]
  readonly options: Options
  readonly free: readonly number[]
}

/** A network as plain data, which a thread runs. */
export interface Program {
  readonly inputs: readonly { readonly name: string; readonly at: number }[]
  readonly constants: readonly {
    readonly at: number
    readonly shape: readonly number[]
    readonly values: Float32Array
  }[]
  /** What depends on no input: done once. */
  readonly preparation: readonly Step[]
  readonly steps: readonly Step[]
  readonly outputs: readonly number[]
}
