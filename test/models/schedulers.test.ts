import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/checkpoints/json.js'
import { isRecord } from '../../src/checkpoints/tensor.js'
import { preconditioning } from '../../src/models/preconditionings.js'
import { readScheduler } from '../../src/models/schedulers.js'

interface Case {
  readonly name: string
  readonly version: string
  readonly config: string
  readonly answer: readonly number[]
  readonly points: readonly {
    readonly sigma: number
    readonly x: readonly number[]
    readonly told: number
    readonly seen: readonly number[]
    readonly denoised: readonly number[]
  }[]
}

const cases = JSON.parse(
  readFileSync(new URL('../fixtures/interop-schedulers/schedulers.json', import.meta.url), 'utf8')
) as readonly Case[]

function read(config: unknown, listed?: string) {
  if (!isRecord(config)) throw new Error('no mapping')
  return readScheduler({ config, file: 'scheduler_config.json', listed })
}

describe('what the real schedulers of diffusers do', () => {
  it.each(cases.map(each => [`${each.name} (${each.version})`, each] as const))(
    '%s',
    (_, { config, answer, points }) => {
      const { className, initKwargs } = read(parseJson(config))
      const { at, sigmaMax, bounded } = preconditioning(className, initKwargs)
      for (const { sigma, x, told, seen, denoised } of points) {
        // Beyond the range that it was trained on a network is told its end.
        if (bounded && sigma > sigmaMax) continue
        const { skip, out, in: scale, noise } = at(sigma)
        const size = Math.max(1, sigma, ...denoised.map(Math.abs))
        const errors = x.flatMap((value, i) => [
          Math.abs(scale * value - seen[i]),
          Math.abs(skip * value + out * answer[i] - denoised[i]) / size
        ])
        // A step is as exact as diffusers' chain in single precision.
        const far = Number.isInteger(told) ? 5e-3 : 1e-5 * Math.max(1, Math.abs(told))
        expect({ sigma, told, noise, error: Math.max(...errors) }).toSatisfy(
          (found: { error: number }) => found.error < 1e-5 && Math.abs(noise - told) < far
        )
      }
    }
  )
})

const CHAIN = { _class_name: 'DDPMScheduler' }

describe('a scheduler', () => {
  it.each([
    [
      'of a class that is not known',
      { _class_name: 'NewScheduler' },
      /is a NewScheduler, which is not supported; known are DDPM/
    ],
    [
      'of a consistency model',
      { _class_name: 'CMStochasticIterativeScheduler' },
      /CMStochasticIterativeScheduler.*where a path ends/
    ],
    ['that tells a ratio', { _class_name: 'DDPMWuerstchenScheduler' }, /DDPMWuerstchenScheduler.*a ratio/],
    ['without a class', { beta_start: 0.1 }, /names no _class_name/],
    [
      'with a key that no class has',
      { ...CHAIN, beta_shape: 'round' },
      /beta_shape is "round", and no scheduler that is known/
    ],
    ['with a key of its own', { ...CHAIN, _beta: 1 }, /_beta is 1/],
    [
      'of an odd schedule',
      { ...CHAIN, beta_schedule: 'exp' },
      /beta_schedule is "exp".*known are linear, .*sigmoid, laplace/
    ],
    [
      'whose solver does not know it',
      { _class_name: 'PNDMScheduler', beta_schedule: 'sigmoid' },
      /beta_schedule is "sigmoid"/
    ],
    [
      'that predicts a flow on a chain',
      { ...CHAIN, prediction_type: 'flow_prediction' },
      /prediction_type is "flow_prediction"/
    ],
    ['of the old noise key', { ...CHAIN, predict_epsilon: false }, /predict_epsilon is false.*prediction_type: sample/],
    [
      'without signal, asked for noise',
      { ...CHAIN, rescale_betas_zero_snr: true },
      /rescale_betas_zero_snr is true and prediction_type is "epsilon"/
    ],
    [
      'whose class does not rescale',
      { _class_name: 'PNDMScheduler', rescale_betas_zero_snr: true },
      /rescale_betas_zero_snr is true, which a PNDMScheduler does not read/
    ],
    [
      'of a flow that its class does not know',
      { ...CHAIN, use_flow_sigmas: true },
      /use_flow_sigmas is true, which a DDPMScheduler/
    ],
    [
      'of a v on a flow',
      { _class_name: 'UniPCMultistepScheduler', use_flow_sigmas: true, prediction_type: 'v_prediction' },
      /prediction_type is "v_prediction"/
    ],
    [
      'of an inverted flow',
      { _class_name: 'FlowMatchEulerDiscreteScheduler', invert_sigmas: true },
      /invert_sigmas is true/
    ],
    ['of stages', { _class_name: 'FlowMatchLCMScheduler', scale_factors: [1, 2] }, /scale_factors is \[1,2\]/],
    [
      'continuous without v',
      { _class_name: 'EulerDiscreteScheduler', timestep_type: 'continuous' },
      /timestep_type is "continuous" and prediction_type is "epsilon"/
    ],
    ['that is not finite', { ...CHAIN, beta_end: Infinity }, /beta_end must be a number, found Infinity/],
    ['beyond 1', { ...CHAIN, beta_end: 2 }, /beta_end is 2/],
    ['of no steps', { ...CHAIN, num_train_timesteps: 1 }, /num_train_timesteps is 1/],
    [
      'of betas beyond 1',
      { ...CHAIN, trained_betas: [0.1, 2] },
      /trained_betas must be two or more numbers between 0 and 1/
    ],
    [
      'of an odd prediction',
      { ...CHAIN, prediction_type: 'noise' },
      /prediction_type is "noise", which is not supported; known are epsilon/
    ]
  ])('%s is refused by its name', (_, config, message) => {
    expect(() => read(config)).toThrow(message)
  })

  it('may hold what other classes read, which diffusers ignores', () => {
    const plain = read({ _class_name: 'EulerDiscreteScheduler' })
    const others = { skip_prk_steps: true, clip_sample: false, set_alpha_to_one: false, shift: 3, sigma_data: 0.5 }
    expect(read({ _class_name: 'EulerDiscreteScheduler', ...others, snr_shift_scale: 1, trained_betas: null })).toEqual(
      plain
    )
    expect(
      read({ _class_name: 'FlowMatchEulerDiscreteScheduler', prediction_type: 'epsilon', beta_start: 0.1 })
    ).toEqual(read({ _class_name: 'FlowMatchEulerDiscreteScheduler' }))
  })

  it('is of the class that model_index.json names, and the two must agree', () => {
    expect(read({}, 'HeunDiscreteScheduler')).toEqual(read({ _class_name: 'HeunDiscreteScheduler' }))
    expect(read({ ...CHAIN, beta_start: 0.01 }, 'FlaxDDPMScheduler').initKwargs).toEqual(
      read({ ...CHAIN, beta_start: 0.01 }).initKwargs
    )
    expect(() => read(CHAIN, 'HeunDiscreteScheduler')).toThrow(
      /_class_name is "DDPMScheduler", but model_index.json names "HeunDiscreteScheduler"/
    )
  })

  it('says how it bounds what is denoised', () => {
    expect(read({ _class_name: 'DDIMScheduler' }).sampling).toEqual({ clip: 1 })
    expect(read({ ...CHAIN, clip_sample_range: 3 }).sampling).toEqual({ clip: 3 })
    expect(read({ ...CHAIN, clip_sample: false }).sampling).toBeUndefined()
    expect(
      read({ ...CHAIN, thresholding: true, dynamic_thresholding_ratio: 0.9, sample_max_value: 2 }).sampling
    ).toEqual({
      threshold: { ratio: 0.9, max: 2 }
    })
    expect(read({ _class_name: 'PNDMScheduler', clip_sample: true }).sampling).toBeUndefined()
  })

  it.each([
    [
      'a flow',
      { _class_name: 'FlowMatchEulerDiscreteScheduler', shift: 3 },
      (3 * 0.001) / 1.002 / (1 - (3 * 0.001) / 1.002),
      3 * 999
    ],
    [
      'a flow whose shift depends on the image',
      { _class_name: 'FlowMatchEulerDiscreteScheduler', use_dynamic_shifting: true, shift: 3 },
      1 / 999,
      999
    ],
    ['EDM', { _class_name: 'EDMEulerScheduler' }, 0.002, 80],
    ['a score', { _class_name: 'ScoreSdeVeScheduler', sampling_eps: 0.5, sigma_min: 0.01, sigma_max: 100 }, 1, 100],
    ['a chain', CHAIN, 0.01000050003750319, 157.4071655273],
    [
      'a continuous chain',
      {
        _class_name: 'EulerDiscreteScheduler',
        timestep_type: 'continuous',
        prediction_type: 'v_prediction',
        sigma_max: 700
      },
      0.01000050003750319,
      700
    ]
  ])('of %s has its ends', (_, config, least, most) => {
    const { className, initKwargs } = read(config)
    const { sigmaMin, sigmaMax } = preconditioning(className, initKwargs)
    expect(sigmaMin / least).toBeCloseTo(1, 5)
    expect(sigmaMax / most).toBeCloseTo(1, 5)
  })

  it('without signal at its last step begins just below, with rising noise', () => {
    for (const beta_schedule of ['linear', 'scaled_linear', 'squaredcos_cap_v2']) {
      const { className, initKwargs } = read({
        ...CHAIN,
        beta_schedule,
        prediction_type: 'v_prediction',
        rescale_betas_zero_snr: true
      })
      const { sigmaMax, time, at } = preconditioning(className, initKwargs)
      expect(sigmaMax).toBeGreaterThanOrEqual(4095)
      expect(at(sigmaMax).noise).toBeCloseTo(999, 6)
      expect(time!.sigma(0.999)).toBeLessThan(sigmaMax)
    }
  })
})
