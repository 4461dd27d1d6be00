import { describe, expect, it } from 'vitest'
import { lacking, selected, weightsAmong } from '../../src/downloads/selection.js'

const SD = [
  ...['.gitattributes', 'README.md', 'model_index.json', 'v1-5-pruned.ckpt', 'v1-5-pruned.safetensors'],
  ...['feature_extractor/preprocessor_config.json', 'safety_checker/config.json', 'safety_checker/model.safetensors'],
  ...['scheduler/scheduler_config.json', 'text_encoder/config.json', 'text_encoder/model.fp16.safetensors'],
  ...[
    'text_encoder/model.safetensors',
    'text_encoder/pytorch_model.bin',
    'tokenizer/merges.txt',
    'tokenizer/vocab.json'
  ],
  ...['unet/config.json', 'unet/diffusion_pytorch_model.bin', 'unet/diffusion_pytorch_model.fp16.safetensors'],
  ...['unet/diffusion_pytorch_model.safetensors', 'unet/diffusion_pytorch_model.non_ema.safetensors'],
  ...['vae/config.json', 'vae/diffusion_pytorch_model.safetensors', 'vae/diffusion_pytorch_model.fp16.safetensors']
]
const INDEX = {
  ...{
    _class_name: 'StableDiffusionPipeline',
    _diffusers_version: '0.6.0',
    unet: ['diffusers', 'UNet2DConditionModel']
  },
  ...{ vae: ['diffusers', 'AutoencoderKL'], text_encoder: ['transformers', 'CLIPTextModel'] },
  ...{ tokenizer: ['transformers', 'CLIPTokenizer'], scheduler: ['diffusers', 'PNDMScheduler'] },
  ...{ safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'], image_encoder: [null, null] }
}
const weights = (names: readonly string[]) => names.filter(name => /\.(safetensors|bin|ckpt)$/.test(name))

describe('the files of a repository that a model is read from', () => {
  it('are its settings and one set of weights for each network', () => {
    const files = selected(SD, {})
    expect(weights(files)).toEqual([
      'unet/diffusion_pytorch_model.safetensors',
      'vae/diffusion_pytorch_model.safetensors',
      'text_encoder/model.safetensors'
    ])
    expect(files.filter(name => !weights(files).includes(name)).sort()).toEqual(
      SD.filter(name => /^(model_index|(unet|vae|text_encoder)\/config|scheduler\/|tokenizer\/)/.test(name)).sort()
    )
    expect(lacking(SD, INDEX)).toEqual([])
  })

  it('are those of a variant where a network has it', () => {
    expect(weights(selected(SD, { variant: 'non_ema' }))).toEqual([
      'unet/diffusion_pytorch_model.non_ema.safetensors',
      'vae/diffusion_pytorch_model.safetensors',
      'text_encoder/model.safetensors'
    ])
    expect(weights(selected(SD, { variant: 'fp16' })).every(name => name.includes('.fp16.'))).toBe(true)
  })

  it('are one file and what stands beside it', () => {
    expect(selected(SD, { path: 'v1-5-pruned.ckpt' })).toEqual([
      ...['v1-5-pruned.ckpt', 'tokenizer/merges.txt', 'tokenizer/vocab.json']
    ])
    expect(selected(['a/m.onnx', 'a/m.onnx_data', 'a/n.onnx', 'm.onnx_data'], { path: 'a/m.onnx' })).toEqual([
      ...['a/m.onnx', 'a/m.onnx_data']
    ])
  })

  it('are those of one folder in it', () => {
    expect(selected(SD, { path: 'vae' })).toEqual(['vae/config.json', 'vae/diffusion_pytorch_model.safetensors'])
    expect(selected(SD, { path: 'nothing' })).toEqual([])
  })

  it.each([
    [
      ['model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
      undefined
    ],
    [['model.safetensors.index.fp16.json', 'model-00001-of-00001.fp16.safetensors'], 'fp16'],
    [['model.fp16.safetensors.index.json', 'model.fp16-00001-of-00001.safetensors'], 'fp16'],
    [['pytorch_model.bin.index.json', 'pytorch_model-00001-of-00001.bin'], undefined]
  ])('may be shards: %j', (names, variant) => {
    expect(weightsAmong(['model.msgpack', ...names], variant)).toEqual(names)
  })

  it('are whole where nothing is missing of what model_index.json names', () => {
    const without = (pattern: RegExp) =>
      lacking(
        SD.filter(name => !pattern.test(name)),
        INDEX
      )
    expect(without(/^scheduler/)).toEqual(['scheduler_config.json'])
    expect(without(/^tokenizer.merges/)).toEqual(["the tokeniser's files"])
    expect(without(/^unet.diff/)).toEqual(['weights of unet (diffusion_pytorch_model.safetensors, ...)'])
    expect(without(/^vae.config/)).toEqual(['config.json of vae'])
    expect(without(/^safety_checker/)).toEqual([])
    const shards = ['config.json', 'model.safetensors.index.json', 'model-00002-of-00003.safetensors']
    expect(lacking(shards, undefined)).toEqual(['2 of 3 files of weights of the repository'])
  })
})
