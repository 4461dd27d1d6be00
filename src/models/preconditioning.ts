import { EpdError } from '../errors.js'
import type { ModelTime } from './denoiser.js'
import { continuous } from './continuous.js'
import { edm } from './edm.js'
import { guidedDiffusion } from './guided-diffusion.js'
import { iddpm } from './iddpm.js'
import { karrasDenoiser } from './karras-denoiser.js'
import { stepwise } from './stepwise.js'
import { ve } from './ve.js'
import { vp } from './vp.js'

/** How D(x; sigma) is made of a network F: skip x + out F(in x; noise) (Karras et al. 2022, Eq. 7). */
export interface Preconditioning {
  readonly sigmaMin: number
  readonly sigmaMax: number
  readonly time?: ModelTime
  /** As Denoiser has it. */
  readonly bounded?: boolean
  /** Whether the network also answers a variance, in as many channels again. */
  readonly learnedVariance?: boolean
  /** Where the network's noise level is rounded: what it would be without. */
  readonly unrounded?: (sigma: number) => number
  readonly at: (sigma: number) => { skip: number; out: number; in: number; noise: number }
}

type Make = (
  argument: (name: string, otherwise: number) => number,
  kwargs: Readonly<Record<string, unknown>>
) => Preconditioning

const classes = new Map<string, Make>([
  ['EDMPrecond', edm],
  ['VPPrecond', vp],
  ['VEPrecond', ve],
  ['iDDPMPrecond', iddpm],
  ['GuidedDiffusion', guidedDiffusion],
  ['KarrasDenoiser', karrasDenoiser],
  ['Stepwise', stepwise],
  ['Continuous', continuous]
])

/** @throws EpdError `model-invalid` for a class that is not known */
export function preconditioning(className: string, kwargs: Readonly<Record<string, unknown>>): Preconditioning {
  const make = classes.get(className)
  if (!make)
    throw new EpdError(
      'model-invalid',
      `the checkpoint's network is a ${className || 'nameless class'}; known are ${[...classes.keys()].join(', ')}`
    )
  const numberOf = (name: string, otherwise: number) => {
    const value = kwargs[name] ?? otherwise
    if (typeof value !== 'number')
      throw new EpdError('model-invalid', `the checkpoint's ${name} must be a number, found ${JSON.stringify(value)}`)
    return value
  }
  return make(numberOf, kwargs)
}
