import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { safetensors } from '../../checkpoints/fixtures.js'
import type { LatentFacts } from '../../../src/models/latent-facts.js'
import { packed, type Target } from './target.js'

const JSON_TOKENS = [
  ...['{', '}', '[', ']', ':', ',', '"', '\\"', '\\', '\\u0000', 'null', 'true', 'false', 'NaN', 'Infinity'],
  ...['-Infinity', '\ufeff', '1e999'],
  ...['"__proto__":', '"constructor":', '"toString":', '"hasOwnProperty":', '[[', '{"', '":']
]

/** The texts of one file that many archives of other libraries hold, each once. */
function written(archives: RegExp, file: RegExp): Buffer[] {
  const names = readdirSync(new URL('../../fixtures/interop/', import.meta.url)).filter(name => archives.test(name))
  const found = names.flatMap(name =>
    [...packed(name)].flatMap(([path, bytes]) => (file.test(path) ? [bytes.toString('utf8')] : []))
  )
  return [...new Set(found)].map(text => Buffer.from(text))
}

function keysOf(configs: readonly Buffer[]): string[] {
  return [...new Set(configs.flatMap(bytes => bytes.toString('utf8').match(/"[^"]*"\s*:/g) ?? []))]
}

const SCHEDULERS = written(/^scheduler-/, /scheduler_config\.json$/)

const schedulers: Target = {
  name: 'schedulers of diffusers',
  seeds: () => SCHEDULERS,
  tokens: [
    ...JSON_TOKENS,
    ...keysOf(SCHEDULERS),
    '"scaled_linear"',
    '"squaredcos_cap_v2"',
    '"v_prediction"',
    '"trained_betas":['
  ],
  async open(place) {
    const { readJson } = await import('../../../src/checkpoints/json.js')
    const { readScheduler } = await import('../../../src/models/schedulers.js')
    const { preconditioning } = await import('../../../src/models/preconditionings.js')
    return async input => {
      const file = place('scheduler_config.json', input)
      const { className, initKwargs } = readScheduler({ config: (await readJson(file)) ?? {}, file })
      preconditioning(className, initKwargs).at(1)
    }
  }
}

const NETWORKS = written(/^(unet|conditional|autoencoder|text)-/, /(unet|vae|vqvae|text_encoder)\/config\.json$/)

const networks: Target = {
  name: 'networks of diffusers',
  seeds: () => NETWORKS,
  tokens: [
    ...JSON_TOKENS,
    ...keysOf(NETWORKS),
    '"CrossAttnDownBlock2D"',
    '"UNetMidBlock2D"',
    '"UpBlock2D"',
    '"CLIPModel"',
    '"text_config":{'
  ],
  async open(place, folder) {
    const { readComponent } = await import('../../../src/checkpoints/diffusers.js')
    const { autoencoderConfig, clipImageConfig, clipTextConfig, unetArguments } =
      await import('../../../src/networks/diffusers.js')
    const { networkOf } = await import('../../../src/networks/registry.js')
    const { denoisingRecipe } = await import('../../../src/networks/network.js')
    const { decoderRecipe } = await import('../../../src/networks/autoencoder.js')
    const { clipTextRecipe } = await import('../../../src/networks/clip.js')
    const { record } = await import('../../../src/engines/onnx/compile.js')
    place('model.safetensors', safetensors({}))
    return async input => {
      place('config.json', input)
      const component = await readComponent(folder)
      if (component.className === 'CLIPVisionModel') clipImageConfig(component)
      else if (component.className.startsWith('CLIP')) record(clipTextRecipe(clipTextConfig(component)), new Map())
      else if (/^(AutoencoderKL|VQModel)$/.test(component.className))
        record(decoderRecipe(autoencoderConfig(component, [8, 8]).config), new Map())
      else record(denoisingRecipe(networkOf(unetArguments(component, 77))), new Map())
    }
  }
}

const PIPELINES = written(/^(unet|conditional|text|scheduler)-/, /model_index\.json$/)

const pipelines: Target = {
  name: 'pipelines of diffusers',
  seeds: () => [...PIPELINES, Buffer.from('{"weight_map":{"a":"b-1.safetensors","c":"b-2.safetensors"}}')],
  tokens: [
    ...JSON_TOKENS,
    ...keysOf(PIPELINES),
    '"diffusers"',
    '"transformers"',
    '"weight_map":{',
    '"../x"',
    '".."',
    '"a/b"'
  ],
  async open(place, folder) {
    const { readDiffusers } = await import('../../../src/checkpoints/diffusers.js')
    for (const [path, bytes] of packed('conditional-gated.zip')) {
      if (!path.endsWith('.json') || !path.startsWith('model/')) continue
      const file = join(folder, path.slice('model/'.length))
      mkdirSync(join(file, '..'), { recursive: true })
      writeFileSync(file, bytes)
    }
    for (const part of ['text_encoder', 'vae']) place(`${part}/model.safetensors`, '')
    return async input => {
      const [index, weights] = input.includes('weight_map') ? [PIPELINES[0], input] : [input, '{"weight_map":{}}']
      place('model_index.json', index)
      place('unet/diffusion_pytorch_model.safetensors.index.json', weights)
      await readDiffusers(folder)
    }
  }
}

/** A U-Net of CompVis's as its tensors tell it. */
const FACTS: LatentFacts = {
  states: { unet: new Map(), trained: new Map(), firstStage: new Map(), text: new Map() },
  unet: {
    ...{ use_scale_shift_norm: false, resblock_updown: false, num_res_blocks: 2, attention_resolutions: [1, 2, 4] },
    ...{ in_channels: 4, out_channels: 4, model_channels: 320, channel_mult: [1, 2, 4, 4], context_dim: 768 }
  },
  tokens: 77,
  path: 'model.ckpt'
}

const compvis: Target = {
  name: 'configurations of CompVis',
  seeds: () => [
    Buffer.from(`model:
  base_learning_rate: 1.0e-04
  target: ldm.models.diffusion.ddpm.LatentDiffusion
  params:
    linear_start: 0.00085
    linear_end: 0.0120
    timesteps: 1000
    image_size: 64
    channels: 4
    conditioning_key: crossattn
    scale_factor: 0.18215
    use_ema: False
    unet_config:
      target: ldm.modules.diffusionmodules.openaimodel.UNetModel
      params: &unet { image_size: 32, in_channels: 4, out_channels: 4, model_channels: 320, num_heads: 8, legacy: False }
    first_stage_config: { target: ldm.models.autoencoder.AutoencoderKL, params: { embed_dim: 4, ddconfig: { z_channels: 4 } } }
    cond_stage_config: { target: ldm.modules.encoders.modules.FrozenCLIPEmbedder }
`),
    Buffer.from('model: { params: { beta_schedule: cosine, unet_config: { params: { num_head_channels: 32 } } } }\n')
  ],
  tokens: [
    ...['&a ', '*a', '<<: *unet', '!!float ', '? ', '- ', ': ', '|\n', '---\n', '{', '}', '[', ']', '.nan', '.inf'],
    ...['0x10', '1e400', '\n  '],
    ...['cond_stage_config: __is_unconditional__', 'given_betas: [', 'parameterization: v', 'scale_by_std: true'],
    ...['cosine_s: '],
    ...['num_heads_upsample: ', 'num_head_channels: ', 'channel_mult: [1, 2]', 'image_size: [8, 8]'],
    ...['concat_mode: false', '__proto__: ']
  ],
  async open(place) {
    const { readLatentConfig } = await import('../../../src/checkpoints/compvis.js')
    const { latentSettings } = await import('../../../src/models/latent-settings.js')
    const { alphaBars } = await import('../../../src/models/parametrisation.js')
    return async input => {
      const found = await readLatentConfig(join(place('config.yaml', input), '..', 'model.ckpt'))
      const { betas } = latentSettings(FACTS, found)
      alphaBars(betas)
    }
  }
}

const EDM = ['shapes16', 'fashion28'].map(name =>
  readFileSync(new URL(`../../../models/${name}/config.json`, import.meta.url))
)

const checkpoints: Target = {
  name: 'descriptions of checkpoints',
  seeds: () => [
    ...EDM,
    ...['VPPrecond', 'VEPrecond', 'iDDPMPrecond'].map(name =>
      Buffer.from(EDM[0].toString('utf8').replace('EDMPrecond', name))
    ),
    Buffer.from(
      JSON.stringify({
        class_name: 'GuidedDiffusion',
        init_kwargs: {
          ...{
            model_type: 'UNetModel',
            image_size: 8,
            in_channels: 3,
            out_channels: 6,
            model_channels: 32,
            num_heads: 2
          },
          ...{
            channel_mult: [1, 2],
            num_res_blocks: 1,
            attention_resolutions: [2],
            use_scale_shift_norm: true,
            resblock_updown: true
          }
        }
      })
    )
  ],
  tokens: [
    ...JSON_TOKENS,
    ...keysOf(EDM),
    ...['"DhariwalUNet"', '"SongUNet"', '"UNetModel"', '"Stepwise"', '"Continuous"', '"KarrasDenoiser"', '"betas":{'],
    ...['"schedule":"cosine"']
  ],
  async open(place) {
    const { readNetworkCheckpoint } = await import('../../../src/checkpoints/network.js')
    const { preconditioning } = await import('../../../src/models/preconditionings.js')
    const { networkOf } = await import('../../../src/networks/registry.js')
    const { denoisingRecipe } = await import('../../../src/networks/network.js')
    const { record } = await import('../../../src/engines/onnx/compile.js')
    const path = place('model.safetensors', safetensors({}))
    return async input => {
      place('config.json', input)
      const found = await readNetworkCheckpoint(path)
      if (!('className' in found)) return
      const precondition = preconditioning(found.className, found.initKwargs)
      precondition.at(1)
      record(denoisingRecipe(networkOf(found.initKwargs, precondition.learnedVariance)), found.tensors)
    }
  }
}

export const CONFIGURATIONS: readonly Target[] = [schedulers, networks, pipelines, compvis, checkpoints]
