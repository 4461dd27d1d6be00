import type { ModelTime } from './denoiser.js'

/**
 * The coefficients by which D(x; sigma) is made of a network F: skip x + out F(in x; noise) (Karras et al. 2022, Eq.
 * 7).
 */
export interface Preconditioning {
  readonly sigmaMin: number
  readonly sigmaMax: number
  readonly time?: ModelTime
  /** Whether the network was trained at steps or times that end at sigmaMin and sigmaMax, as Denoiser has it. */
  readonly bounded?: boolean
  /** Whether `at` knows Infinity, where the image is the unit noise itself, as Denoiser has it. */
  readonly pureNoise?: boolean
  /** Whether the network also answers a variance, in as many channels again. */
  readonly learnedVariance?: boolean
  /** The noise level that the network would be told if it were not rounded; absent where it is not. */
  readonly unrounded?: (sigma: number) => number
  readonly at: (sigma: number) => { skip: number; out: number; in: number; noise: number }
}

/** A family of models, by how their networks are preconditioned. preconditionings.ts lists them all. */
export interface ModelFamily {
  /** The class that checkpoints and their config.json name. */
  readonly className: string
  /**
   * The preconditioning of a network's arguments. `argument` is the number under a name, or the other one given.
   * @throws EpdError `model-invalid` for a value of the wrong kind
   */
  readonly precondition: (
    argument: (name: string, otherwise: number) => number,
    kwargs: Readonly<Record<string, unknown>>
  ) => Preconditioning
}
