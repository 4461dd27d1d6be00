/** The size of one sample. */
export type Shape = readonly [channels: number, height: number, width: number]

/** The condition that a model is given beside the noisy image, with one entry a sample. */
export interface Condition {
  /** Classes from 0; -1 for none. */
  readonly labels?: Int32Array
  /** The prompts, for a model that reads them. */
  readonly prompts?: readonly string[]
}

/** The time that a model was trained in, where that is not sigma itself: sigma(time) and its inverse. */
export interface ModelTime {
  /** The noise level at a time. */
  readonly sigma: (time: number) => number
  /** The time of a noise level. */
  readonly inverse: (sigma: number) => number
  /** The numbers by which the network is told the time; absent where they have no range. */
  readonly told?: ToldTime
}

/** The steps of a chain, or the times that a flow is told: numbers from `first` to `last`, whole or not. */
export interface ToldTime {
  readonly first: number
  readonly last: number
  /** The noise level at which a network is told this. */
  readonly sigma: (told: number) => number
}

/**
 * A diffusion model as one function, D(x; sigma): the expected clean image given x = x0 + sigma * n (Karras et al.
 * 2022, arXiv 2206.00364, Eq. 3; variance exploding). Everything above the engines sees a model only through this.
 */
export interface Denoiser {
  readonly shape: Shape
  /** The number of classes; 0 for an unconditional model. */
  readonly labelDim: number
  readonly sigmaMin: number
  readonly sigmaMax: number
  /**
   * Whether it was trained at steps or times that end at sigmaMin and sigmaMax, so that noise beyond them means nothing
   * to it.
   */
  readonly bounded?: boolean
  /**
   * Whether it also answers at sigma = Infinity, as a flow does at t = 1. The image x is then the unit noise itself,
   * and the answer the clean image that it is told of by noise alone.
   */
  readonly pureNoise?: boolean
  /** Network evaluations behind one D(x; sigma), as the paper counts NFE: 2 for classifier-free guidance, else 1. */
  readonly nfeFactor: number
  /** Devices that it runs on side by side, each with a batch of its own; default: 1. */
  readonly devices?: number
  /** The model's time, for the `discrete` schedule. */
  readonly time?: ModelTime
  /**
   * This model without the rounding of a noise index; absent where nothing is rounded. Distillation takes its
   * differences, since differences across a step of the index mean nothing.
   */
  readonly smooth?: Denoiser
  /** x: [batch, ...shape]; sigma: [batch]. A conditional model without labels gets zeros. */
  denoise(x: Float64Array, sigma: Float64Array, condition?: Condition): Promise<Float64Array>
  /** This model with its network's bottleneck; absent where the model has none to show. */
  readonly features?: FeatureDenoiser
  /** Ends what runs the model. It cannot be evaluated afterwards. */
  close(): Promise<void>
}

/** A denoiser that also shows the features which AMED-Solver looks at (Zhou et al. 2023, arXiv 2312.00094). */
export interface FeatureDenoiser {
  /** The number of a sample's features, which are the pixels of the bottleneck. */
  readonly size: number
  /** Answers what Denoiser's `denoise` does, and features [batch, size]: the mean of the bottleneck's channels. */
  denoise(
    x: Float64Array,
    sigma: Float64Array,
    condition?: Condition
  ): Promise<{ denoised: Float64Array; features: Float64Array }>
}

/**
 * Classes as rows, [batch, classes]; a row of zeros for -1, which is no class, and without labels.
 * @throws RangeError for a class that there is not
 */
export function oneHot(batch: number, classes: number, labels?: Int32Array): Float32Array<ArrayBuffer> {
  const rows = new Float32Array(batch * classes)
  labels?.forEach((label, b) => {
    if (label === NO_CLASS) return
    if (label < 0 || label >= classes) throw new RangeError(`class ${label} of a model with ${classes} classes`)
    rows[b * classes + label] = 1
  })
  return rows
}

/** The label of a sample without a class. */
const NO_CLASS = -1

/** The classes of such rows, -1 where a row is of zeros. */
export function classesOf(rows: ArrayLike<number>, classes: number): Int32Array<ArrayBuffer> {
  const labels = new Int32Array(rows.length / classes).fill(NO_CLASS)
  for (let i = 0; i < rows.length; i++) if (rows[i] === 1) labels[Math.floor(i / classes)] = i % classes
  return labels
}
