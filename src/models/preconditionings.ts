import { EpdError } from '../errors.js'
import { shown } from '../networks/arguments.js'
import { CONTINUOUS } from './continuous.js'
import { EDM } from './edm.js'
import { GUIDED_DIFFUSION } from './guided-diffusion.js'
import { IDDPM } from './iddpm.js'
import { KARRAS_DENOISER } from './karras-denoiser.js'
import type { ModelFamily, Preconditioning } from './preconditioning.js'
import { STEPWISE } from './stepwise.js'
import { VE } from './ve.js'
import { VP } from './vp.js'

/** Every family of models. */
export const MODEL_FAMILIES: readonly ModelFamily[] = [
  EDM,
  VP,
  VE,
  IDDPM,
  GUIDED_DIFFUSION,
  KARRAS_DENOISER,
  STEPWISE,
  CONTINUOUS
]

/** The preconditioning of a network of a class. @throws EpdError `model-invalid` for a class that is not known */
export function preconditioning(
  className: string,
  kwargs: Readonly<Record<string, unknown>>,
  families: readonly ModelFamily[] = MODEL_FAMILIES
): Preconditioning {
  const family = families.find(each => each.className === className)
  if (!family)
    throw new EpdError(
      'model-invalid',
      `the checkpoint's network is a ${className || 'nameless class'}; known are ` +
        families.map(each => each.className).join(', ')
    )
  const numberOf = (name: string, otherwise: number) => {
    const value = kwargs[name] ?? otherwise
    if (typeof value !== 'number' || Number.isNaN(value))
      throw new EpdError('model-invalid', `the checkpoint's ${name} must be a number, found ${shown(value)}`)
    return value
  }
  return family.precondition(numberOf, kwargs)
}
