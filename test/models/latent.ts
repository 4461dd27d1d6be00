/**
 * Small checkpoints of latent diffusion models in every form that they are published in. `STABLE`, `STABLE_2` and
 * `LATENT` are their tensors, by CompVis's names; `write...` write them into a folder:
 *
 * - `writeCompVis`: one file (.ckpt, .safetensors or .zip), config.yaml and tokeniser;
 * - `writeDiffusers`: a folder of diffusers, its tensors renamed as diffusers names them;
 * - `writeDdpm`: a pipeline without a decoder, whose network diffusers has answered (`DDPM`);
 * - `writeClip`: a CLIPModel, with which images are scored;
 * - `writeTokenizer`: CLIP's tokeniser with a vocabulary of 86 words.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { filled } from '../support/filled.js'
import { encodeSafetensors } from '../../src/checkpoints/safetensors.js'
import type { NetworkCheckpoint, Tensor } from '../../src/checkpoints/tensor.js'
import { writeZip } from '../../src/checkpoints/zip.js'
import { decoderRecipe } from '../../src/networks/autoencoder.js'
import { clipImageRecipe, clipTextProjectionRecipe, clipTextRecipe } from '../../src/networks/clip.js'
import { unetArguments } from '../../src/networks/diffusers.js'
import { denoisingRecipe } from '../../src/networks/network.js'
import { networkOf } from '../../src/networks/registry.js'
import { diffusersAnswers } from '../networks/reference.js'

type Tensors = NetworkCheckpoint['tensors']

/** Side of the latents of small models; an image's is twice as long. */
export const SIDE = 8
const TOKENS = 10
const WIDTH = 64

const unet = {
  ...{ model_type: 'UNetModel', image_size: SIDE, use_scale_shift_norm: false, model_channels: 32 },
  ...{ channel_mult: [1, 2], num_res_blocks: 1, attention_resolutions: [1] }
}
const stable = { ...unet, in_channels: 4, num_heads: 8, context_dim: WIDTH, context_tokens: TOKENS }
const latent = { ...unet, in_channels: 3, num_head_channels: 32 }
const decoder = {
  ...{ channels: [32, 64], numBlocks: 1, attention: [false, false], outChannels: 3, groups: 32 },
  size: [SIDE, SIDE]
} as const
const vocabulary = words()

/** The parts of a small Stable Diffusion 1, by CompVis's names, with weights by the fill rule. */
export const STABLE = {
  unet: filled(denoisingRecipe(networkOf(stable))),
  firstStage: filled(decoderRecipe({ ...decoder, latentChannels: 4, zChannels: 4 })),
  text: filled(
    clipTextRecipe({
      ...{ width: WIDTH, layers: 2, heads: 1, inner: 128, activation: 'quick_gelu', tokens: TOKENS },
      vocabulary: Object.keys(vocabulary).length
    })
  )
}
/**
 * The same with what Stable Diffusion 2 does otherwise: linear projections around its transformers, and heads of one
 * size.
 */
export const STABLE_2 = {
  ...STABLE,
  unet: filled(
    denoisingRecipe(networkOf({ ...stable, num_heads: 0, num_head_channels: 32, use_linear_in_transformer: true }))
  )
}
/** The same of a latent diffusion model without words, whose latents are rounded to codes. */
export const LATENT = {
  unet: filled(denoisingRecipe(networkOf(latent))),
  firstStage: filled(decoderRecipe({ ...decoder, latentChannels: 3, zChannels: 3, codes: 32 })),
  text: new Map<string, Tensor>()
}

/** All parts under one state dict's names. */
export function stateDict({ unet, firstStage, text }: typeof STABLE): Tensors {
  const under = (prefix: string, tensors: Tensors) =>
    [...tensors].map(([name, tensor]) => [`${prefix}${name}`, tensor] as const)
  return new Map([
    ...under('model.diffusion_model.', unet),
    ...under('first_stage_model.', firstStage),
    ...under('cond_stage_model.transformer.', text)
  ])
}

/**
 * A single-file checkpoint of CompVis's, with the config.yaml that belongs to it, and CLIP's tokeniser; `settings` and
 * `unetSettings` change the config.
 */
export function writeCompVis(
  folder: string,
  name: string,
  parts: typeof STABLE,
  settings: Readonly<Record<string, unknown>> = {},
  unetSettings: Readonly<Record<string, unknown>> = {}
): string {
  mkdirSync(folder, { recursive: true })
  const tensors = stateDict(parts)
  const bytes = name.endsWith('.safetensors') ? encodeSafetensors(tensors, {}) : trained(tensors)
  const file = join(folder, name)
  writeFileSync(file, name.endsWith('.zip') ? writeZip(new Map([['model.ckpt', bytes]])) : bytes)
  writeConfig(folder, parts.text.size > 0 ? stableConfig : latentConfig, settings, unetSettings)
  writeTokenizer(join(folder, 'tokenizer'))
  return file
}

/** As CompVis's config.yaml are, with the keys that their files have. */
const shared = {
  ...{ timesteps: 1000, log_every_t: 200, num_timesteps_cond: 1, image_size: SIDE, monitor: 'val/loss_simple_ema' },
  first_stage_config: {
    target: 'ldm.models.autoencoder.AutoencoderKL',
    params: { embed_dim: 4, ddconfig: { double_z: true } }
  }
}
const stableConfig = {
  ...shared,
  ...{ linear_start: 0.00085, linear_end: 0.012, scale_factor: 0.18215, conditioning_key: 'crossattn', channels: 4 },
  cond_stage_config: { target: 'ldm.modules.encoders.modules.FrozenCLIPEmbedder' },
  unet: { num_heads: 8, use_spatial_transformer: true, legacy: false, context_dim: WIDTH, model_channels: 32 }
}
const latentConfig = {
  ...shared,
  ...{ linear_start: 0.0015, linear_end: 0.0195, channels: 3, cond_stage_config: '__is_unconditional__' },
  unet: { num_head_channels: 32, channel_mult: [1, 2], attention_resolutions: [1] }
}

function writeConfig(
  folder: string,
  { unet: own, ...params }: typeof stableConfig | typeof latentConfig,
  settings: Readonly<Record<string, unknown>>,
  unetSettings: Readonly<Record<string, unknown>>
): void {
  const unet = { target: 'ldm.modules.diffusionmodules.openaimodel.UNetModel', params: { ...own, ...unetSettings } }
  const model = {
    target: 'ldm.models.diffusion.ddpm.LatentDiffusion',
    params: { ...params, unet_config: unet, ...settings }
  }
  writeFileSync(join(folder, 'config.yaml'), stringify({ model }))
}

/**
 * The same Stable Diffusion as a folder of diffusers; `shards`: in how many files its network's weights stand; the
 * others are put into its files of that name.
 */
export function writeDiffusers(
  folder: string,
  { unet, firstStage, text }: typeof STABLE,
  { shards = 1, unetConfig = {}, scheduler = {} } = {}
): string {
  const json = (name: string, value: unknown) => {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), JSON.stringify(value))
  }
  json('model_index.json', {
    _class_name: 'StableDiffusionPipeline',
    ...{ unet: ['diffusers', 'UNet2DConditionModel'], vae: ['diffusers', 'AutoencoderKL'] },
    ...{ text_encoder: ['transformers', 'CLIPTextModel'], tokenizer: ['transformers', 'CLIPTokenizer'] },
    ...{ scheduler: ['diffusers', 'PNDMScheduler'], safety_checker: [null, null] }
  })
  json('scheduler/scheduler_config.json', {
    ...{ _class_name: 'PNDMScheduler', skip_prk_steps: true, set_alpha_to_one: false, clip_sample: false },
    ...{ beta_schedule: 'scaled_linear', beta_start: 0.00085, beta_end: 0.012, num_train_timesteps: 1000 },
    ...scheduler
  })
  json('unet/config.json', {
    ...{ _class_name: 'UNet2DConditionModel', sample_size: SIDE, in_channels: 4, out_channels: 4 },
    ...{ block_out_channels: [32, 64], layers_per_block: 1, cross_attention_dim: WIDTH, attention_head_dim: 8 },
    down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
    ...unetConfig
  })
  json('vae/config.json', {
    ...{ _class_name: 'AutoencoderKL', block_out_channels: [32, 64], layers_per_block: 1, latent_channels: 4 },
    ...{ up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'], scaling_factor: 0.18215 }
  })
  json('text_encoder/config.json', {
    ...{ architectures: ['CLIPTextModel'], hidden_size: WIDTH, num_hidden_layers: 2, num_attention_heads: 1 },
    ...{ intermediate_size: 128, max_position_embeddings: TOKENS, vocab_size: Object.keys(vocabulary).length }
  })
  const named = [...unet].map(([name, tensor]) => [unetName(name), tensor] as const)
  const parts: Map<string, Tensor>[] = Array.from(
    { length: shards },
    (_, k) => new Map(named.filter((_, i) => i % shards === k))
  )
  const files = parts.map((_, k) => `diffusion_pytorch_model-0000${k + 1}-of-0000${shards}.safetensors`)
  if (shards === 1)
    writeFileSync(join(folder, 'unet/diffusion_pytorch_model.safetensors'), encodeSafetensors(parts[0], {}))
  else {
    parts.forEach((part, k) => {
      writeFileSync(join(folder, 'unet', files[k]), encodeSafetensors(part, {}))
    })
    const map: [string, string][] = parts.flatMap((part, k) =>
      [...part.keys()].map((name): [string, string] => [name, files[k]])
    )
    json('unet/diffusion_pytorch_model.safetensors.index.json', { weight_map: Object.fromEntries(map) })
  }
  const vae = new Map([...firstStage].map(([name, tensor]) => [decoderName(name), flat(name, tensor)]))
  writeFileSync(join(folder, 'vae/diffusion_pytorch_model.safetensors'), encodeSafetensors(vae, {}))
  writeFileSync(join(folder, 'text_encoder/model.safetensors'), encodeSafetensors(text, {}))
  writeTokenizer(join(folder, 'tokenizer'))
  return folder
}

/** What diffusers calls a layer of a network with two levels of one block each. */
function unetName(name: string): string {
  const [group, index, part] = [name.split('.')[0], Number(name.split('.')[1]), Number(name.split('.')[2])]
  const rest = name.split('.').slice(3).join('.')
  const places: Readonly<Record<string, readonly string[]>> = {
    'time_embed.0': ['time_embedding.linear_1'],
    'time_embed.2': ['time_embedding.linear_2'],
    'input_blocks.0': ['conv_in'],
    'input_blocks.1': ['down_blocks.0.resnets.0', 'down_blocks.0.attentions.0'],
    'input_blocks.2': ['down_blocks.0.downsamplers.0.conv'],
    'input_blocks.3': ['down_blocks.1.resnets.0'],
    'middle_block.0': ['mid_block.resnets.0'],
    'middle_block.1': ['mid_block.attentions.0'],
    'middle_block.2': ['mid_block.resnets.1'],
    'output_blocks.0': ['up_blocks.0.resnets.0'],
    'output_blocks.1': ['up_blocks.0.resnets.1', 'up_blocks.0.upsamplers.0'],
    'output_blocks.2': ['up_blocks.1.resnets.0', 'up_blocks.1.attentions.0'],
    'output_blocks.3': ['up_blocks.1.resnets.1', 'up_blocks.1.attentions.1'],
    'out.0': ['conv_norm_out'],
    'out.2': ['conv_out']
  }
  const found = places[`${group}.${index}`]
  if (group === 'time_embed' || group === 'out') return `${found[0]}.${name.split('.')[2]}`
  if (group === 'middle_block') return `${found[0]}.${residual(name.split('.').slice(2).join('.'))}`
  const at = found[Math.min(part, found.length - 1)]
  return at.endsWith('conv') || at === 'conv_in' ? `${at}.${rest.split('.').at(-1) ?? ''}` : `${at}.${residual(rest)}`
}

const LAYERS: Readonly<Record<string, string | undefined>> = {
  ...{ 'in_layers.0': 'norm1', 'in_layers.2': 'conv1', 'emb_layers.1': 'time_emb_proj' },
  ...{ 'out_layers.0': 'norm2', 'out_layers.3': 'conv2' }
}

function residual(name: string): string {
  const [first, second, ...rest] = name.split('.')
  const known = LAYERS[`${first}.${second}`]
  if (known !== undefined) return [known, ...rest].join('.')
  return name.replace('skip_connection', 'conv_shortcut')
}

function decoderName(name: string): string {
  return name
    .replace('decoder.norm_out', 'decoder.conv_norm_out')
    .replace(/mid\.block_(\d)/, (_, k: string) => `mid_block.resnets.${Number(k) - 1}`)
    .replace('mid.attn_1.norm', 'mid_block.attentions.0.group_norm')
    .replace(/mid\.attn_1\.(q|k|v)\./, 'mid_block.attentions.0.to_$1.')
    .replace('mid.attn_1.proj_out', 'mid_block.attentions.0.to_out.0')
    .replace(/decoder\.up\.(\d)\.block/, (_, level: string) => `decoder.up_blocks.${1 - Number(level)}.resnets`)
    .replace(/decoder\.up\.(\d)\.upsample/, (_, level: string) => `decoder.up_blocks.${1 - Number(level)}.upsamplers.0`)
    .replace('nin_shortcut', 'conv_shortcut')
}

/** Attention's layers are no convolutions in diffusers. */
function flat(name: string, tensor: Tensor): Tensor {
  return /attn_1\.(q|k|v|proj_out)\.weight/.test(name) ? { ...tensor, shape: tensor.shape.slice(0, 2) } : tensor
}

/** A small CLIPModel as transformers saves it. */
export function writeClip(folder: string): string {
  mkdirSync(folder, { recursive: true })
  const shared = { width: 48, layers: 2, heads: 4, inner: 192, activation: 'quick_gelu' } as const
  const config = { hidden_size: 48, num_hidden_layers: 2, num_attention_heads: 4, intermediate_size: 192 }
  const words = { vocabulary: Object.keys(vocabulary).length, tokens: TOKENS }
  const tensors = new Map([
    ...filled(clipTextProjectionRecipe({ ...shared, ...words }, 24)),
    ...filled(clipImageRecipe({ ...shared, side: 16, patch: 4 }, 24)),
    ['logit_scale', { kind: 'tensor', dtype: 'float32', shape: [], data: new Uint8Array(4) }] as const
  ])
  writeFileSync(join(folder, 'model.safetensors'), encodeSafetensors(tensors, {}))
  const description = {
    ...{ architectures: ['CLIPModel'], projection_dim: 24 },
    text_config: { ...config, vocab_size: words.vocabulary, max_position_embeddings: TOKENS },
    vision_config: { ...config, image_size: 16, patch_size: 4 }
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(description))
  writeTokenizer(folder)
  return folder
}

/** DDPM's network as google/ddpm-cifar10-32 has it, small, with what diffusers answers. */
export const DDPM = diffusersAnswers().cases.DDPM
const nothing = () => Promise.resolve(new Map())

/** DDPM's network all in one folder; `change`: of its config.json. */
export function writeDdpm(folder: string, change: Readonly<Record<string, unknown>> = {}): string {
  mkdirSync(folder, { recursive: true })
  const json = (name: string, value: unknown) => {
    writeFileSync(join(folder, name), JSON.stringify(value))
  }
  json('model_index.json', {
    ...{ _class_name: 'DDPMPipeline', unet: ['diffusers', 'UNet2DModel'], scheduler: ['diffusers', 'DDPMScheduler'] }
  })
  json('scheduler_config.json', {
    beta_schedule: 'linear',
    beta_start: 0.0001,
    beta_end: 0.02,
    num_train_timesteps: 1000
  })
  json('config.json', {
    ...{ _class_name: 'UNet2DModel', ...DDPM.config, ...change }
  })
  const component = { className: 'UNet2DModel', config: DDPM.config, file: '', weights: [], tensors: nothing }
  const tensors = filled(denoisingRecipe(networkOf(unetArguments(component, 0))))
  writeFileSync(join(folder, 'diffusion_pytorch_model.safetensors'), encodeSafetensors(tensors, {}))
  return folder
}

/** CLIP's tokeniser with few words: letters, some pairs of them, and the two marks. */
export function writeTokenizer(folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'vocab.json'), JSON.stringify(vocabulary))
  writeFileSync(join(folder, 'merges.txt'), '#version: 0.2\na t</w>\nc at</w>\nd o\ndo g</w>\n')
}

function words(): Record<string, number> {
  const letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!'".split('')
  const all = [...letters, ...letters.map(letter => `${letter}</w>`), 'at</w>', 'cat</w>', 'do', 'dog</w>']
  return Object.fromEntries([...all, '<|startoftext|>', '<|endoftext|>'].map((word, id) => [word, id]))
}

/** A state dict as PyTorch Lightning saves it: a zip of a pickle and a file a tensor. */
function trained(tensors: Tensors): Buffer {
  const text = (value: string) => {
    const bytes = Buffer.from(value)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    return Buffer.concat([Buffer.from('X'), length, bytes])
  }
  const int = (value: number) => {
    const bytes = Buffer.alloc(5)
    bytes.write('J')
    bytes.writeInt32LE(value, 1)
    return bytes
  }
  const op = (ops: string) => Buffer.from(ops, 'latin1')
  const tuple = (parts: readonly Buffer[]) => Buffer.concat([op('('), ...parts, op('t')])
  const entries = [...tensors].flatMap(([name, { shape }], key) => {
    const elements = shape.reduce((product, size) => product * size, 1)
    const strides = shape.map((_, i) => shape.slice(i + 1).reduce((product, size) => product * size, 1))
    const id = tuple([text('storage'), op('ctorch\nFloatStorage\n'), text(String(key)), text('cpu'), int(elements)])
    const of = [
      id,
      op('Q'),
      int(0),
      tuple(shape.map(int)),
      tuple(strides.map(int)),
      op('\x89'),
      op('ccollections\nOrderedDict\n)R')
    ]
    return [text(name), op('ctorch._utils\n_rebuild_tensor_v2\n'), tuple(of), op('R')]
  })
  const pickle = Buffer.concat([
    ...[op('\x80\x02}('), text('epoch'), int(7), text('state_dict'), op('}(')],
    ...[...entries, op('uu.')]
  ])
  const files = [...tensors.values()].map(({ data }, key) => [`archive/data/${key}`, data] as const)
  return writeZip(new Map<string, Uint8Array>([['archive/data.pkl', pickle], ...files]))
}
