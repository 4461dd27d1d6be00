import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { LatentStates } from '../../src/checkpoints/compvis.js'
import { fromFloat16 } from '../../src/checkpoints/half.js'
import { isRecord, type DType, type Tensor } from '../../src/checkpoints/tensor.js'
import type { LatentFacts } from '../../src/models/latent-facts.js'
import { latentSettings } from '../../src/models/latent-settings.js'
import { alphaBars, type Betas } from '../../src/models/parametrisation.js'

const tensor = (dtype: DType, data: ArrayBufferView, count: number): Tensor => ({
  ...{ kind: 'tensor', dtype, shape: [count] },
  data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
})
const single = (...values: number[]) => tensor('float32', Float32Array.from(values), values.length)

/** The nearest number in half precision. */
function half(value: number): number {
  let [low, high] = [0, 0x7c00]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (fromFloat16(middle) <= value) low = middle
    else high = middle
  }
  return value - fromFloat16(low) <= fromFloat16(high) - value ? low : high
}

function stored(betas: Betas, dtype: 'float16' | 'bfloat16' | 'float32'): Tensor {
  const bars = alphaBars(betas)
  if (dtype === 'float32') return single(...bars)
  const bits = new DataView(new ArrayBuffer(4))
  const codes = Uint16Array.from(bars, bar => {
    if (dtype === 'float16') return half(bar)
    bits.setFloat32(0, bar)
    return (bits.getUint32(0) + 0x8000) >>> 16
  })
  return tensor(dtype, codes, bars.length)
}

const scaledLinear = (start: number, end: number, steps = 1000): Betas => ({
  schedule: 'scaled-linear',
  start,
  end,
  steps
})

const PLAIN = { use_scale_shift_norm: false, resblock_updown: false, num_res_blocks: 2 }
const STABLE = {
  ...{ ...PLAIN, in_channels: 4, out_channels: 4, model_channels: 320, channel_mult: [1, 2, 4, 4], context_dim: 768 },
  attention_resolutions: [1, 2, 4]
}
const BEDROOMS = {
  ...{ ...PLAIN, in_channels: 3, out_channels: 3, model_channels: 224, channel_mult: [1, 2, 3, 4] },
  attention_resolutions: [2, 4, 8]
}
const CHURCHES = {
  ...{ in_channels: 4, out_channels: 4, model_channels: 192, channel_mult: [1, 2, 2, 4, 4], num_res_blocks: 2 },
  ...{ use_scale_shift_norm: true, resblock_updown: true, attention_resolutions: [1, 2, 4, 8] }
}

function facts(
  unet: LatentFacts['unet'],
  more: Partial<LatentFacts> = {},
  states: Partial<LatentStates> = {}
): LatentFacts {
  const empty = new Map<string, Tensor>()
  return {
    states: { unet: empty, trained: empty, firstStage: empty, text: empty, ...states },
    unet,
    path: 'model.ckpt',
    ...more
  }
}

describe('a latent diffusion model without its config.yaml', () => {
  it('has what is published with a U-Net of its sizes', () => {
    expect(latentSettings(facts(STABLE, { tokens: 77 }), undefined)).toEqual({
      ...{
        averages: true,
        heads: { num_head_channels: 0, num_heads: 8 },
        side: 64,
        scale: 0.18215,
        predicts: 'epsilon'
      },
      betas: scaledLinear(0.00085, 0.012)
    })
    expect(latentSettings(facts(BEDROOMS, { codes: 8192 }), undefined)).toMatchObject({
      ...{ heads: { num_head_channels: 32 }, side: 64, scale: 1, betas: scaledLinear(0.0015, 0.0195) }
    })
    expect(latentSettings(facts(CHURCHES, {}, { scaleFactor: single(0.25) }), undefined)).toMatchObject({
      ...{ heads: { num_heads: 8 }, side: 32, scale: 0.25, betas: scaledLinear(0.0015, 0.0155) }
    })
  })

  it.each([
    [
      'other channels',
      facts({ ...STABLE, model_channels: 256 }, { tokens: 77 }),
      /do not tell how many heads.*config\.yaml/
    ],
    ['no words', facts(STABLE), /do not tell how many heads/],
    ['other blocks', facts({ ...BEDROOMS, resblock_updown: true }, { codes: 8192 }), /do not tell how many heads/],
    ['no scale', facts(CHURCHES), /holds no scale_factor.*config\.yaml/]
  ])('and with %s is refused', (_, found, message) => {
    expect(() => latentSettings(found, undefined)).toThrow(message)
  })

  it('has the side that the user names', () => {
    expect(latentSettings(facts(STABLE, { tokens: 77, side: 32 }), undefined).side).toBe(32)
  })
})

describe('a chain that a file stores', () => {
  const chainOf = (alphas: Tensor) =>
    latentSettings(facts(STABLE, { tokens: 77 }, { alphaBars: alphas }), undefined).betas

  it('in single precision is taken as it is', () => {
    const betas = chainOf(stored(scaledLinear(0.001, 0.01), 'float32'))
    expect('alphaBars' in betas && betas.alphaBars[999]).toBeCloseTo(alphaBars(scaledLinear(0.001, 0.01))[999], 8)
  })

  it.each(['float16', 'bfloat16'] as const)('in %s is recomputed from its ends', dtype => {
    expect(chainOf(stored(scaledLinear(0.00085, 0.012), dtype))).toEqual(scaledLinear(0.00085, 0.012))
    expect(chainOf(stored(scaledLinear(0.0015, 0.0155), dtype))).toEqual(scaledLinear(0.0015, 0.0155))
  })

  it('in half precision that no ends lead to is refused', () => {
    expect(() => chainOf(stored(scaledLinear(0.002, 0.03), 'float16'))).toThrow(
      /alphas_cumprod are in float16.*linear_start/
    )
  })

  it('in half precision is recomputed from the ends of config.yaml', () => {
    const own = scaledLinear(0.002, 0.03, 500)
    const found = configured('timesteps: 500, linear_start: 0.002, linear_end: 0.03', '', {
      alphaBars: stored(own, 'float16')
    })
    expect(found.betas).toEqual(own)
  })
})

function configured(params: string, unet = '', states: Partial<LatentStates> = {}) {
  const config: unknown = parse(
    `model: { target: ldm.models.diffusion.ddpm.LatentDiffusion, params: { image_size: 16, ${params}, unet_config: { target: ldm.modules.diffusionmodules.openaimodel.UNetModel, params: { num_heads: 8${unet} } } } }`
  )
  if (!isRecord(config)) throw new Error('no mapping')
  return latentSettings(facts(BEDROOMS, {}, states), { file: 'config.yaml', config })
}

describe("CompVis's config.yaml", () => {
  it('wins, with the defaults of its classes for what it leaves out', () => {
    expect(configured('log_every_t: 100')).toEqual({
      ...{ averages: true, heads: { num_head_channels: 0, num_heads: 8 }, side: 16, scale: 1, predicts: 'epsilon' },
      betas: scaledLinear(1e-4, 0.02)
    })
    expect(
      configured(
        'parameterization: x0, use_ema: false, scale_factor: 0.5, beta_schedule: cosine, timesteps: 50',
        ', num_head_channels: 32'
      )
    ).toEqual({
      ...{ averages: false, heads: { num_head_channels: 32 }, side: 16, scale: 0.5, predicts: 'x0' },
      betas: { schedule: 'cosine', steps: 50 }
    })
  })

  it('takes the scale that a file stores where it says that latents are scaled by their deviation', () => {
    const states = { scaleFactor: single(0.25) }
    expect(configured('scale_by_std: true, scale_factor: 2', '', states).scale).toBe(0.25)
    expect(configured('scale_factor: 2', '', states).scale).toBe(2)
  })

  it.each([
    ['new_key: 1', '', /config\.yaml: model\.params\.new_key is 1, which is not supported/],
    ['num_timesteps_cond: 4', '', /num_timesteps_cond is 4/],
    ['timesteps: 1000000000', '', /timesteps must be a whole number/],
    ['timesteps: 1', '', /timesteps must be a whole number from 2 to 1000000, found 1/],
    ['parameterization: mu', '', /parameterization must be eps or x0 or v, found "mu"/],
    ['beta_schedule: sqrt', '', /beta_schedule must be linear or cosine, found "sqrt"/],
    ['given_betas: [0.1]', '', /given_betas is \[0\.1\]/],
    ['channels: 4', '', /channels is 4, but the U-Net's in_channels are 3/],
    [
      'cond_stage_config: { target: ldm.modules.encoders.modules.BERTEmbedder }',
      '',
      /cond_stage_config is .*BERTEmbedder.*no text encoder/
    ],
    [
      'first_stage_config: { target: ldm.models.autoencoder.Other }',
      '',
      /first_stage_config\.target is "ldm\.models\.autoencoder\.Other"/
    ],
    ['first_stage_config: { params: { ddconfig: { tanh_out: true } } }', '', /ddconfig\.tanh_out is true/],
    ['log_every_t: 1', ', num_classes: 10', /unet_config\.params\.num_classes is 10/],
    ['log_every_t: 1', ', use_new_attention_order: true', /use_new_attention_order is true/],
    ['log_every_t: 1', ', num_heads_upsample: 4', /num_heads_upsample is 4/],
    ['log_every_t: 1', ', model_channels: 192', /model_channels is 192, but the checkpoint's tensors are of 224/],
    ['log_every_t: 1', ', unheard: true', /unheard is true/]
  ])('with %s%s is refused by its name', (params, unet, message) => {
    expect(() => configured(params, unet)).toThrow(message)
  })

  it('may name resolutions of attention in any order, and those of levels that there are not', () => {
    expect(() =>
      configured('log_every_t: 1', ', attention_resolutions: [32, 8, 4, 2], num_res_blocks: [2, 2, 2, 2]')
    ).not.toThrow()
    expect(() => configured('log_every_t: 1', ', attention_resolutions: [8, 4]')).toThrow(
      /attention_resolutions is \[8,4\]/
    )
  })

  it('of another class, without heads or without a U-Net is refused', () => {
    const of = (config: Readonly<Record<string, unknown>>) => () =>
      latentSettings(facts(BEDROOMS), { file: 'config.yaml', config })
    expect(of({ model: { target: 'sgm.models.diffusion.DiffusionEngine', params: {} } })).toThrow(
      /model\.target is "sgm/
    )
    expect(of({ model: { params: {} } })).toThrow(/unet_config must be a mapping, found null/)
    expect(of({ model: { params: { unet_config: { params: {} }, image_size: 8 } } })).toThrow(
      /num_heads or num_head_channels must be given/
    )
  })
})
