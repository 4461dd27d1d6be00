import type { LatentConfig, LatentStates } from '../checkpoints/compvis.js'
import { isRecord, toFloat32, toFloat64, type Tensor } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'
import { argumentsOf } from '../networks/arguments.js'
import { alphaBars, type Betas, type Prediction } from './parametrisation.js'

type Values = Readonly<Record<string, unknown>>

/** What the tensors of a latent diffusion model do not tell. */
export interface LatentSettings {
  /** Whether averaged weights are taken where the file has them. */
  readonly averages: boolean
  /** num_heads or num_head_channels. */
  readonly heads: Values
  /** Side of its latents. */
  readonly side: number
  readonly betas: Betas
  readonly predicts: Prediction
  /** What latents are multiplied by. */
  readonly scale: number
}

/** What the tensors tell, and where they are from. */
export interface LatentFacts {
  readonly states: LatentStates
  /** Arguments of its U-Net. */
  readonly unet: Values
  /** Tokens that its text encoder reads; undefined where it has none. */
  readonly tokens?: number
  /** Codes that latents are rounded to. */
  readonly codes?: number
  readonly path: string
  /** Side of its latents, where the user names it. */
  readonly side?: number
}

/**
 * What a checkpoint does not say: its config.yaml says it, or its authors publish it for a U-Net of its sizes.
 * @throws EpdError `model-invalid` for a key or a value that is not known, and where neither tells
 */
export function latentSettings(facts: LatentFacts, found: LatentConfig | undefined): LatentSettings {
  return found ? configured(facts, found) : published(facts)
}

/** A model that CompVis publishes: the sizes it is known by, and what belongs to them. */
interface Published {
  readonly sizes: Values
  readonly prompted: boolean
  readonly codes: boolean
  readonly settings: Pick<LatentSettings, 'heads' | 'side'> & { readonly betas: Ends; readonly scale?: number }
}

interface Ends {
  readonly start: number
  readonly end: number
}

const PLAIN = { use_scale_shift_norm: false, resblock_updown: false, num_res_blocks: 2 }
const PUBLISHED: readonly Published[] = [
  // Stable Diffusion 1
  {
    sizes: { ...PLAIN, in_channels: 4, model_channels: 320, channel_mult: [1, 2, 4, 4], context_dim: 768 },
    ...{ prompted: true, codes: false },
    settings: {
      heads: { num_head_channels: 0, num_heads: 8 },
      side: 64,
      betas: { start: 0.00085, end: 0.012 },
      scale: 0.18215
    }
  },
  // Latent diffusion: CelebA-HQ, FFHQ, LSUN bedrooms
  {
    sizes: { ...PLAIN, in_channels: 3, model_channels: 224, channel_mult: [1, 2, 3, 4] },
    ...{ prompted: false, codes: true },
    settings: { heads: { num_head_channels: 32 }, side: 64, betas: { start: 0.0015, end: 0.0195 }, scale: 1 }
  },
  // LSUN churches, whose scale is in its file
  {
    sizes: {
      ...{ in_channels: 4, model_channels: 192, channel_mult: [1, 2, 2, 4, 4], num_res_blocks: 2 },
      ...{ use_scale_shift_norm: true, resblock_updown: true }
    },
    ...{ prompted: false, codes: false },
    settings: { heads: { num_head_channels: 0, num_heads: 8 }, side: 32, betas: { start: 0.0015, end: 0.0155 } }
  }
]

function published({ states, unet, tokens, codes, path, side }: LatentFacts): LatentSettings {
  const wayOut = 'put the config.yaml that belongs to it beside it'
  const found = PUBLISHED.find(
    each =>
      each.prompted === (tokens !== undefined) &&
      each.codes === (codes !== undefined) &&
      Object.entries(each.sizes).every(([name, value]) => JSON.stringify(unet[name]) === JSON.stringify(value))
  )
  if (!found)
    throw new EpdError(
      'model-invalid',
      `${path}: its tensors do not tell how many heads its attention has, nor the side of its latents, and it is none of the models that CompVis publishes; ${wayOut}`
    )
  const { heads, betas, scale } = found.settings
  const stored = states.scaleFactor && toFloat32(states.scaleFactor)[0]
  const factor = stored ?? scale
  if (factor === undefined)
    throw new EpdError(
      'model-invalid',
      `${path}: holds no scale_factor, which its latents are multiplied by; ${wayOut}`
    )
  return {
    ...{ averages: true, heads, scale: factor, predicts: 'epsilon' },
    side: side ?? found.settings.side,
    betas: chainOf(states.alphaBars, () => scaledLinear(1000, betas), path)
  }
}

/** CompVis's `linear` has betas whose roots are linear. */
function scaledLinear(steps: number, { start, end }: Ends): Betas {
  return { schedule: 'scaled-linear', start, end, steps }
}

/** The chain that a file holds, or the one that is described; `described` is not asked where the file's is exact. */
function chainOf(stored: Tensor | undefined, described: () => Betas, path: string): Betas {
  if (!stored) return described()
  if (stored.dtype === 'float32') return { alphaBars: [...toFloat32(stored)] }
  const values = toFloat64(stored)
  if (stored.dtype === 'float64') return { alphaBars: [...values] }
  const ends = [
    { start: 0.00085, end: 0.012 },
    ...[0.0195, 0.0155, 0.0205].map(end => ({ start: 0.0015, end })),
    { start: 1e-4, end: 0.02 }
  ]
  const candidates = [described(), ...ends.map(each => scaledLinear(values.length, each))]
  const found = candidates.find(betas => roundsTo(alphaBars(betas), values, STEPS[stored.dtype] ?? 0))
  if (found) return found
  throw new EpdError(
    'model-invalid',
    `${path}: its alphas_cumprod are in ${stored.dtype}, which is too coarse, and no chain that is known rounds to them; put the config.yaml that belongs to it beside it, with its linear_start and linear_end`
  )
}

/** The relative distance between numbers of a type. */
const STEPS: Readonly<Record<string, number | undefined>> = { float16: 2 ** -10, bfloat16: 2 ** -7 }

/** Within one distance, which allows for rounding twice; below the least normal number of half precision the distance is fixed. */
function roundsTo(chain: Float64Array, stored: Float64Array, step: number): boolean {
  return (
    chain.length === stored.length &&
    chain.every((bar, i) => Math.abs(bar - stored[i]) <= step * Math.max(bar, 2 ** -14))
  )
}

const PREDICTIONS = { eps: 'epsilon', x0: 'x0', v: 'v' } as const

function configured(facts: LatentFacts, { file, config }: LatentConfig): LatentSettings {
  const { states, unet, tokens, path } = facts
  const model = recordOf(config, 'model', `${file}: `)
  const where = `${file}: model.params.`
  checkTarget(model.target, ['LatentDiffusion', 'DDPM'], `${file}: model.target`)
  const params = recordOf(model, 'params', `${file}: model.`)
  checkKeys(params, MODEL_KEYS, where)
  const channels = params.channels ?? unet.in_channels
  if (channels !== unet.in_channels)
    throw new EpdError(
      'model-invalid',
      `${where}channels is ${JSON.stringify(channels)}, but the U-Net's in_channels are ${JSON.stringify(unet.in_channels)}; networks that are given more than a noisy image are not supported`
    )
  const read = argumentsOf(params, where)
  checkCondition(params, tokens, where)
  checkFirstStage(params.first_stage_config, `${where}first_stage_config`)
  const unetConfig = recordOf(params, 'unet_config', where)
  checkTarget(unetConfig.target, ['UNetModel'], `${where}unet_config.target`)
  const arguments_ = recordOf(unetConfig, 'params', `${where}unet_config.`)
  checkUnet(arguments_, unet, `${where}unet_config.params.`)
  const steps = read.count('timesteps', 1000)
  const described = () => describedChain(read, params, steps)
  const stored = states.scaleFactor && toFloat32(states.scaleFactor)[0]
  const given = read.number('scale_factor', 1)
  return {
    averages: read.flag('use_ema', true),
    heads: headsOf(arguments_, `${where}unet_config.params.`),
    side: facts.side ?? sideOf(params, arguments_, where),
    betas: chainOf(states.alphaBars, described, path),
    predicts: PREDICTIONS[read.text('parameterization', ['eps', 'x0', 'v'], 'eps')],
    scale: read.flag('scale_by_std', false) ? (stored ?? given) : given
  }
}

function describedChain(read: ReturnType<typeof argumentsOf>, params: Values, steps: number): Betas {
  const schedule = read.text('beta_schedule', ['linear', 'cosine'], 'linear')
  if ((params.given_betas ?? null) !== null) throw read.unsupported('given_betas', params.given_betas)
  if (schedule === 'linear')
    return scaledLinear(steps, { start: read.number('linear_start', 1e-4), end: read.number('linear_end', 0.02) })
  if (read.number('cosine_s', 0.008) !== 0.008) throw read.unsupported('cosine_s', params.cosine_s)
  return { schedule: 'cosine', steps }
}

function sideOf(params: Values, unet: Values, where: string): number {
  const side = params.image_size ?? unet.image_size
  const both = Array.isArray(side) && side.length === 2 && side[0] === side[1] ? Number(side[0]) : side
  if (typeof both === 'number' && Number.isSafeInteger(both) && both > 0) return both
  throw new EpdError('model-invalid', `${where}image_size must be a whole number, found ${JSON.stringify(side)}`)
}

/** Where both are given, channels of a head win, as in UNetModel. */
function headsOf(unet: Values, where: string): Values {
  const read = argumentsOf(unet, where)
  const given = (name: string) => (unet[name] === undefined || unet[name] === -1 ? 0 : read.count(name))
  const [perHead, heads, upper] = [given('num_head_channels'), given('num_heads'), given('num_heads_upsample')]
  if (upper > 0 && (perHead > 0 || upper !== heads)) throw read.unsupported('num_heads_upsample', upper)
  if (perHead > 0) return { num_head_channels: perHead }
  if (heads > 0) return { num_head_channels: 0, num_heads: heads }
  throw new EpdError('model-invalid', `${where}num_heads or num_head_channels must be given`)
}

function checkCondition(params: Values, tokens: number | undefined, where: string): void {
  const { cond_stage_config: condition = '__is_unconditional__' } = params
  const unconditional = condition === '__is_unconditional__' || condition === null
  const refuse = (name: string, value: unknown) =>
    new EpdError('model-invalid', `${where}${name} is ${JSON.stringify(value)}, which is not supported`)
  if (unconditional !== (tokens === undefined))
    throw new EpdError(
      'model-invalid',
      `${where}cond_stage_config is ${JSON.stringify(condition)}, but the checkpoint has ${tokens === undefined ? 'no' : 'a'} text encoder`
    )
  if (unconditional) return
  const key = params.conditioning_key ?? (params.concat_mode === false ? 'crossattn' : 'concat')
  if (key !== 'crossattn')
    throw refuse((params.conditioning_key ?? null) === null ? 'concat_mode' : 'conditioning_key', key)
  if (!isRecord(condition)) throw refuse('cond_stage_config', condition)
  checkTarget(condition.target, ['FrozenCLIPEmbedder'], `${where}cond_stage_config.target`)
  const { params: own = {} } = condition
  if (!isRecord(own)) return
  checkKeys(own, TEXT_KEYS, `${where}cond_stage_config.params.`)
  if (own.max_length !== undefined && own.max_length !== tokens)
    throw refuse('cond_stage_config.params.max_length', own.max_length)
}

function checkFirstStage(stage: unknown, where: string): void {
  if (!isRecord(stage)) return
  checkTarget(stage.target, ['VQModelInterface', 'VQModel', 'AutoencoderKL', 'IdentityFirstStage'], `${where}.target`)
  const { params } = stage
  if (!isRecord(params)) return
  checkKeys(params, FIRST_STAGE_KEYS, `${where}.params.`)
  if (isRecord(params.ddconfig)) checkKeys(params.ddconfig, DECODER_KEYS, `${where}.params.ddconfig.`)
}

/** A U-Net's own keys, and whether those that its tensors tell too agree with them. */
function checkUnet(config: Values, told: Values, where: string): void {
  checkKeys(config, UNET_KEYS, where)
  const levels = Array.isArray(told.channel_mult) ? told.channel_mult.length : 0
  for (const name of TOLD) {
    // A network of one level has nothing that makes images smaller.
    if (name === 'resblock_updown' && levels === 1) continue
    const [found, expected] = [comparable(name, config[name], levels), comparable(name, told[name], levels)]
    if (found === undefined || expected === undefined || found === expected) continue
    throw new EpdError(
      'model-invalid',
      `${where}${name} is ${JSON.stringify(config[name])}, but the checkpoint's tensors are of ${JSON.stringify(told[name])}; the config.yaml beside it belongs to another`
    )
  }
}

/** Resolutions of attention stand in any order, and some name levels that there are not; equal numbers of each level are one. */
function comparable(name: string, value: unknown, levels: number): string | undefined {
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) return JSON.stringify(value)
  const numbers = value.map(Number)
  if (name === 'num_res_blocks' && new Set(numbers).size === 1) return String(numbers[0])
  if (name !== 'attention_resolutions') return JSON.stringify(numbers)
  return JSON.stringify(numbers.filter(each => each < 2 ** levels).sort((a, b) => a - b))
}

function checkTarget(target: unknown, known: readonly string[], where: string): void {
  if (target === undefined || (typeof target === 'string' && known.includes(target.split('.').at(-1) ?? ''))) return
  throw new EpdError(
    'model-invalid',
    `${where} is ${JSON.stringify(target)}, which is not supported; known are ${known.join(', ')}`
  )
}

function recordOf(values: Values, name: string, where: string): Values {
  const value = values[name]
  if (isRecord(value)) return value
  throw new EpdError('model-invalid', `${where}${name} must be a mapping, found ${JSON.stringify(value ?? null)}`)
}

/** Keys of a section: `any`, whose values are read elsewhere or do not matter, or the values that are supported. */
type Keys = Readonly<Record<string, 'any' | readonly unknown[]>>

function checkKeys(values: Values, known: Keys, where: string): void {
  for (const [key, value] of Object.entries(values)) {
    const supported = Object.hasOwn(known, key) ? known[key] : []
    if (supported === 'any' || supported.includes(value) || (value === null && Object.hasOwn(known, key))) continue
    throw new EpdError('model-invalid', `${where}${key} is ${JSON.stringify(value)}, which is not supported`)
  }
}

function any<const Name extends string>(...names: readonly Name[]): Record<Name, 'any'>
function any(...names: readonly string[]): Record<string, 'any'> {
  return Object.fromEntries(names.map(name => [name, 'any']))
}

const MODEL_KEYS: Keys = {
  // Read above.
  ...any('timesteps', 'beta_schedule', 'linear_start', 'linear_end', 'cosine_s', 'given_betas', 'parameterization'),
  ...any('image_size', 'channels', 'use_ema', 'scale_factor', 'scale_by_std', 'conditioning_key', 'concat_mode'),
  ...any('unet_config', 'first_stage_config', 'cond_stage_config'),
  // Training, logs, and what a step of sampling adds.
  ...any('loss_type', 'monitor', 'ckpt_path', 'ignore_keys', 'load_only_unet', 'first_stage_key', 'cond_stage_key'),
  ...any('log_every_t', 'original_elbo_weight', 'v_posterior', 'l_simple_weight', 'learn_logvar', 'logvar_init'),
  ...any('scheduler_config', 'cond_stage_trainable', 'clip_denoised', 'ucg_training', 'reset_ema'),
  ...any('reset_num_ema_updates', 'make_it_fit'),
  num_timesteps_cond: [1],
  use_positional_encodings: [false],
  cond_stage_forward: [],
  force_null_conditioning: [false]
}

const UNET_KEYS: Keys = {
  ...any('image_size', 'in_channels', 'out_channels', 'model_channels', 'num_res_blocks', 'attention_resolutions'),
  ...any('channel_mult', 'num_heads', 'num_head_channels', 'num_heads_upsample', 'use_scale_shift_norm'),
  ...any('resblock_updown', 'context_dim', 'transformer_depth', 'use_linear_in_transformer', 'use_spatial_transformer'),
  ...any('dropout', 'use_checkpoint', 'use_fp16', 'use_bf16', 'legacy'),
  dims: [2],
  conv_resample: [true],
  num_classes: [],
  n_embed: [],
  use_new_attention_order: [false],
  disable_self_attentions: [],
  num_attention_blocks: [],
  disable_middle_self_attn: [false],
  adm_in_channels: []
}

/** What a U-Net's tensors tell too. */
const TOLD = [
  ...['in_channels', 'out_channels', 'model_channels', 'num_res_blocks', 'channel_mult', 'attention_resolutions'],
  ...['use_scale_shift_norm', 'resblock_updown', 'context_dim', 'transformer_depth', 'use_linear_in_transformer']
]

const FIRST_STAGE_KEYS: Keys = {
  ...any(
    'embed_dim',
    'n_embed',
    'ddconfig',
    'lossconfig',
    'monitor',
    'ckpt_path',
    'ignore_keys',
    'image_key',
    'use_ema'
  ),
  ...any('batch_resize_range', 'scheduler_config', 'lr_g_factor', 'sane_index_shape', 'colorize_nlabels'),
  remap: []
}

const DECODER_KEYS: Keys = {
  ...any('double_z', 'z_channels', 'resolution', 'in_channels', 'out_ch', 'ch', 'ch_mult', 'num_res_blocks'),
  ...any('attn_resolutions', 'dropout'),
  attn_type: ['vanilla', 'vanilla-xformers'],
  resamp_with_conv: [true],
  give_pre_end: [false],
  tanh_out: [false],
  use_linear_attn: [false]
}

const TEXT_KEYS: Keys = {
  ...any('device', 'freeze', 'max_length', 'version'),
  layer: ['last'],
  layer_idx: []
}
