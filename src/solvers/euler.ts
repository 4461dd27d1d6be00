import { COORDINATES } from './coordinates.js'
import type { OptionsOf, OptionSchemas, SolverDescriptor } from './descriptor.js'
import { add, toDenoised } from './march.js'
import type { Multistep } from './multistep.js'
import { AFS } from './option-parts.js'

const OPTIONS = {
  afs: AFS,
  coordinates: COORDINATES,
  clipSample: {
    description:
      "The denoised images are clamped to this magnitude and the gradient is not: DDIM as diffusers has it with clip_sample. The model's own clipDenoised clamps both. Default: nothing is clamped.",
    type: 'number',
    exclusiveMinimum: 0
  }
} as const satisfies OptionSchemas

/** The options of Euler's method. */
export type EulerOptions = OptionsOf<typeof OPTIONS>

/** Euler's method, order 1; on the probability flow ODE in sigma it is DDIM (Song et al. 2021, arXiv 2010.02502). */
export const euler: SolverDescriptor<'euler', EulerOptions, 'time-points'> = {
  name: 'euler',
  title: "Euler's method in sigma, which is DDIM: order 1, one evaluation a step.",
  options: OPTIONS,
  order: 1,
  evaluationsAStep: 1,
  reachesZero: true,
  learns: 'time-points',
  nonlinear: ({ clipSample }) =>
    clipSample === undefined ? undefined : 'clipSample clamps denoised images; leave it out',
  teaches: { without: ['clipSample'] },
  method: (_problem, { clipSample }) => (clipSample === undefined ? ALONG_THE_GRADIENT : clipping(clipSample))
}

const ALONG_THE_GRADIENT: Multistep = {
  init: undefined,
  step: (state, { x, d, t }) => ({ state, lead: time => add(x, time - t, d) })
}

function clipping(limit: number): Multistep {
  return {
    init: undefined,
    step(state, { x, d, t }) {
      const clamped = toDenoised(x, d, t).map(value => Math.min(Math.max(value, -limit), limit))
      return { state, lead: time => add(clamped, time, d) }
    }
  }
}
