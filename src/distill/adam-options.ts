import { ADAM } from './optimizers.js'

/** Adam with the gradients of finite differences: the recipe of the paper (arXiv 2507.14797). */
export interface AdamOptions {
  readonly name: 'adam'
  /** Learning rate; default 0.2 for EPD, where it falls to 0.01 by a cosine, and 0.005 for AMED. */
  readonly lr?: number
  readonly betas?: readonly [number, number]
  /** Trajectories in one iteration; default 32. */
  readonly batch?: number
  /** Trajectories in all, the same ones seen again and again; default 10,000. */
  readonly trajectories?: number
  /** The seed of the order in which trajectories are seen; default that of the distillation. */
  readonly seed?: number
}

/** Options with their defaults, but for the seed. */
export type AdamSpec = Required<Omit<AdamOptions, 'seed'>>

export function adamWithDefaults(options: AdamOptions | undefined, defaultLr: number): AdamSpec {
  const {
    lr = defaultLr,
    betas = ADAM.betas.default,
    batch = ADAM.batch.default,
    trajectories = ADAM.trajectories.default
  } = options ?? {}
  return { name: 'adam', lr, betas, batch, trajectories }
}

/** Iterations in all. */
export function adamTotal(options: AdamOptions): number {
  const { trajectories, batch } = adamWithDefaults(options, NaN)
  return Math.ceil(trajectories / batch)
}

/** What Adam is, whatever it trains. */
export const ADAM_TRAITS = {
  name: 'adam',
  learnsSigmas: false,
  costsAtMost: false,
  isOptions: (options: { readonly name: string }): options is AdamOptions => options.name === 'adam',
  mostIterations: adamTotal
} as const
