import { isMap, type Tree } from '../checkpoints/tensor.js'
import { LAST_TIME } from '../solvers/flow-times.js'

/**
 * The settings of a snapshot of EPD-Solver++ by their names; each may stand beside its parameters or in backend_config.
 */
export type Setting = (key: string) => Tree | undefined

/** How far single precision may move the end of a scheduler's range. */
const ROUNDING = 1e-6
/** Digits of a shift that single precision leaves of it. */
const DIGITS = 6

/**
 * The schedule flowmatch of a snapshot of EPD-Solver++. Its code asks diffusers' FlowMatchEulerDiscreteScheduler of the
 * model for time points, and leaves out the last one of 0. With dynamic shifting (FLUX) the scheduler is given mu and
 * shifts once; without (Stable Diffusion 3) it shifts its range when it is made, and then again. sigma_min is the end
 * of its range: 1 / 1000 in the first case, and that shifted in the second, from which the shift follows.
 * @throws RangeError for settings that leave the schedule open, or contradict each other
 */
export function flowSchedule(own: Setting): Readonly<Record<string, unknown>> {
  const setting = (key: string) => numberIn(own, key)
  const backend = own('backend')
  if (backend !== 'sd3' && backend !== 'flux')
    throw new RangeError(`schedule flowmatch is of the backends sd3 and flux, found ${JSON.stringify(backend ?? null)}`)
  const [least, most, mu, given] = [
    setting('sigma_min'),
    setting('sigma_max'),
    setting('flowmatch_mu'),
    setting('flowmatch_shift')
  ]
  if (most !== undefined && most !== 1)
    throw new RangeError(`sigma_max must be 1, where flowmatch begins, found ${most}`)
  if (mu !== undefined) {
    if (least !== undefined && !isNear(least, LAST_TIME))
      throw new RangeError(`flowmatch_mu is of a scheduler whose sigma_min is ${LAST_TIME}, found ${least}`)
    return { type: 'flowmatch', mu }
  }
  const found = least === undefined ? undefined : shiftOf(least)
  const shift = given ?? found
  if (shift === undefined)
    throw new RangeError('its schedule is open: it states none of flowmatch_mu, flowmatch_shift and sigma_min')
  if (found !== undefined && !isNear(found, shift))
    throw new RangeError(`a flowmatch_shift of ${shift} contradicts sigma_min, which ${found} leads to`)
  return { type: 'flowmatch', shift, shifted: 'twice' }
}

/** The shift that makes the first of 1000 training steps this time. */
function shiftOf(time: number): number {
  return Number(((time * (1 - LAST_TIME)) / (LAST_TIME * (1 - time))).toPrecision(DIGITS))
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a / b - 1) < ROUNDING
}

function numberIn(own: Setting, key: string): number | undefined {
  const backend = own('backend_config')
  const value = [own(key), isMap(backend) ? backend.get(key) : undefined].find(
    each => each !== undefined && each !== null
  )
  if (value === undefined || typeof value === 'number') return value
  throw new RangeError(`${key} must be a number`)
}
