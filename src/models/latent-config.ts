import type { LatentConfig } from '../checkpoints/compvis.js'
import { isRecord, toFloat32 } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'
import { argumentsOf } from '../networks/arguments.js'
import { chainOf, scaledLinear } from './latent-chain.js'
import type { LatentFacts, LatentSettings } from './latent-facts.js'
import { checkKeys, DECODER_KEYS, FIRST_STAGE_KEYS, MODEL_KEYS, TEXT_KEYS, TOLD, UNET_KEYS } from './latent-keys.js'
import type { Betas } from './parametrisation.js'
import { chainSteps } from './steps.js'

type Values = Readonly<Record<string, unknown>>

const PREDICTIONS = { eps: 'epsilon', x0: 'x0', v: 'v' } as const

/** The settings that a config.yaml names. @throws EpdError `model-invalid` for a key or a value that is not known */
export function configured(facts: LatentFacts, { file, config }: LatentConfig): LatentSettings {
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
      `${where}channels is ${JSON.stringify(channels)}, but the U-Net's in_channels are ` +
        `${JSON.stringify(unet.in_channels)}; networks that are given more than a noisy image are not supported`
    )
  const read = argumentsOf(params, where)
  checkCondition(params, tokens, where)
  checkFirstStage(params.first_stage_config, `${where}first_stage_config`)
  const unetConfig = recordOf(params, 'unet_config', where)
  checkTarget(unetConfig.target, ['UNetModel'], `${where}unet_config.target`)
  const arguments_ = recordOf(unetConfig, 'params', `${where}unet_config.`)
  checkUnet(arguments_, unet, `${where}unet_config.params.`)
  const steps = chainSteps(read.count('timesteps', 1000), `${where}timesteps`)
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

/** The arguments of attention's heads. The channels of a head win where both are given, as in UNetModel. */
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
      `${where}cond_stage_config is ${JSON.stringify(condition)}, but the checkpoint has ` +
        `${tokens === undefined ? 'no' : 'a'} text encoder`
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

/**
 * Checks a U-Net's keys, and that those which its tensors tell, too, agree with them.
 * @throws EpdError `model-invalid`
 */
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
      `${where}${name} is ${JSON.stringify(config[name])}, but the checkpoint's tensors are of ` +
        `${JSON.stringify(told[name])}; the config.yaml beside it belongs to another`
    )
  }
}

/**
 * A value in a form that can be compared. Resolutions of attention stand in any order, and some name levels that there
 * are not; equal numbers of each level are one.
 */
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
