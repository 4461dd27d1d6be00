import type { Values } from './scheduler-arguments.js'
import { chain, SCHEDULES } from './scheduler-chains.js'
import { ANGLE, chainOrFlow, euler, flow, preconditioned, SCORE } from './scheduler-kinds.js'
import type { SchedulerClass } from './scheduler.js'

const CHAIN = {
  ...{ num_train_timesteps: 1000, beta_start: 1e-4, beta_end: 0.02, beta_schedule: 'linear', trained_betas: null },
  prediction_type: 'epsilon'
}
const RESCALED = { ...CHAIN, rescale_betas_zero_snr: false }
const LATENT = { ...CHAIN, beta_start: 0.00085, beta_end: 0.012 }
const DISTILLED = { ...LATENT, beta_schedule: 'scaled_linear', rescale_betas_zero_snr: false }
const VIDEO = { ...DISTILLED, snr_shift_scale: 3 }
const FLOW = { num_train_timesteps: 1000, shift: 1, prediction_type: 'flow_prediction', use_flow_sigmas: true }
const EDM = { sigma_min: 0.002, sigma_max: 80, sigma_data: 0.5, prediction_type: 'epsilon' }
const EULER = { ...RESCALED, timestep_type: 'discrete', sigma_min: null, sigma_max: null }

const THRESHOLDED = { thresholding: false, dynamic_thresholding_ratio: 0.995, sample_max_value: 1 }
const CLIPPED = { clip_sample: true, clip_sample_range: 1 }
const UNCLIPPED = { clip_sample: false, clip_sample_range: 1 }
const BOTH = { ...THRESHOLDED, ...CLIPPED }

const DDPM_SCHEDULES = { ...SCHEDULES, sigmoid: 'sigmoid', laplace: 'laplace' } as const
const DDPM = chain(RESCALED, { schedules: DDPM_SCHEDULES, bounds: BOTH })
const DDIM = chain(RESCALED, { bounds: BOTH })
const LCM = chain(DISTILLED, { bounds: { ...THRESHOLDED, ...UNCLIPPED } })
const DYNAMIC_FLOW = flow({ ...FLOW, use_dynamic_shifting: false })

/** Each class that is read, with the defaults of its signature, which have been equal in all versions of diffusers. */
export const SCHEDULERS: ReadonlyMap<string, SchedulerClass> = new Map([
  ['DDPMScheduler', DDPM],
  ['DDPMParallelScheduler', DDPM],
  ['DDIMScheduler', DDIM],
  ['DDIMParallelScheduler', DDIM],
  ['DDIMInverseScheduler', chain(RESCALED, { bounds: CLIPPED })],
  ['PNDMScheduler', chain(CHAIN)],
  ['LMSDiscreteScheduler', chain(CHAIN)],
  ['EulerDiscreteScheduler', euler(EULER)],
  ['EulerAncestralDiscreteScheduler', chain(RESCALED, { keepsSignal: true })],
  ['HeunDiscreteScheduler', chain(LATENT, { schedules: { ...SCHEDULES, exp: 'exponential' }, bounds: UNCLIPPED })],
  ['KDPM2DiscreteScheduler', chain(LATENT)],
  ['KDPM2AncestralDiscreteScheduler', chain(LATENT)],
  ['DPMSolverSDEScheduler', chain(LATENT)],
  ['DPMSolverMultistepScheduler', chainOrFlow(RESCALED, { keepsSignal: true, bounds: THRESHOLDED })],
  ['DPMSolverMultistepInverseScheduler', chainOrFlow(CHAIN, { bounds: THRESHOLDED })],
  ['DPMSolverSinglestepScheduler', chainOrFlow(CHAIN, { bounds: THRESHOLDED })],
  ['DEISMultistepScheduler', chainOrFlow(CHAIN, { bounds: THRESHOLDED })],
  ['SASolverScheduler', chainOrFlow(CHAIN, { bounds: THRESHOLDED })],
  ['UniPCMultistepScheduler', chainOrFlow(RESCALED, { keepsSignal: true, bounds: THRESHOLDED })],
  ['LCMScheduler', LCM],
  ['TCDScheduler', LCM],
  [
    'RePaintScheduler',
    chain(without(CHAIN, 'prediction_type'), {
      schedules: { ...SCHEDULES, sigmoid: 'sigmoid' },
      bounds: { clip_sample: true }
    })
  ],
  [
    'UnCLIPScheduler',
    chain(
      { num_train_timesteps: 1000, beta_schedule: 'squaredcos_cap_v2', prediction_type: 'epsilon' },
      {
        schedules: { squaredcos_cap_v2: 'cosine' },
        predictions: { epsilon: 'epsilon', sample: 'x0' },
        bounds: CLIPPED
      }
    )
  ],
  ['CogVideoXDDIMScheduler', chain(VIDEO)],
  ['CogVideoXDPMScheduler', chain(VIDEO)],
  ['FlowMatchEulerDiscreteScheduler', DYNAMIC_FLOW],
  ['FlowMatchLCMScheduler', DYNAMIC_FLOW],
  ['FlowMatchHeunDiscreteScheduler', flow(FLOW)],
  ['EDMEulerScheduler', preconditioned(EDM)],
  ['EDMDPMSolverMultistepScheduler', { ...preconditioned(EDM), bounds: THRESHOLDED }],
  [
    'CosineDPMSolverMultistepScheduler',
    preconditioned(
      { sigma_min: 0.3, sigma_max: 500, sigma_data: 1, prediction_type: 'v_prediction' },
      { told: 'angle' }
    )
  ],
  ['ScoreSdeVeScheduler', SCORE],
  ['IPNDMScheduler', ANGLE]
])

/** Classes whose networks cannot be read, each with the reason. */
export const REFUSED: ReadonlyMap<string, string> = new Map([
  ['CMStochasticIterativeScheduler', 'a consistency model answers where a path ends and not the expected clean image'],
  ['SCMScheduler', 'a consistency model answers where a path ends and not the expected clean image'],
  ['FlowMapEulerDiscreteScheduler', 'its network is told two times'],
  ['ScoreSdeVpScheduler', 'its configuration does not say what the network is told'],
  ['KarrasVeScheduler', 'its network is given images from 0 to 1'],
  ['DDPMWuerstchenScheduler', 'its network is told a ratio of a chain without steps'],
  ['ConsistencyDecoderScheduler', 'it samples with the network of a decoder'],
  ['VQDiffusionScheduler', 'its samples are discrete codes'],
  ['AmusedScheduler', 'its samples are discrete codes']
])

function without(values: Values, name: string): Values {
  return Object.fromEntries(Object.entries(values).filter(([key]) => key !== name))
}
