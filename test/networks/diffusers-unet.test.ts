import { createHash } from 'node:crypto'
import { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import type { Component } from '../../src/checkpoints/diffusers.js'
import { filled } from '../support/filled.js'
import { record } from '../../src/engines/onnx/compile.js'
import { encodeModel } from '../../src/engines/onnx/proto.js'
import { OPSET } from '../../src/engines/onnx/recorder.js'
import type { Recipe } from '../../src/engines/recipe.js'
import type { Feed } from '../../src/engines/session.js'
import { decoderRecipe, LATENTS } from '../../src/networks/autoencoder.js'
import {
  autoencoderConfig,
  autoencoderTensors,
  clipTextTensors,
  unetArguments,
  unetTensors
} from '../../src/networks/diffusers.js'
import { nameInFile } from '../../src/checkpoints/origin.js'
import { denoisingRecipe } from '../../src/networks/network.js'
import { networkOf } from '../../src/networks/registry.js'
import type { Tensor } from '../../src/checkpoints/tensor.js'
import { hashUniform } from '../../src/random/hash-uniform.js'
import { diffusersAnswers, largestDifference, parametersOf } from './reference.js'

const { time, tokens, cases } = diffusersAnswers()
const uniform = (name: string, count: number) => Float32Array.from(hashUniform(name, 0, count))

function component(className: string, config: Component['config']): Component {
  return { className, config, file: 'config.json', weights: [], tensors: () => Promise.resolve(new Map()) }
}

const isDecoder = (className: string) => className === 'AutoencoderKL' || className === 'VQModel'

function decoderOf(found: Component): { recipe: Recipe; feeds: Feed[] } {
  const { config, scale } = autoencoderConfig(found, [4, 4])
  const { latentChannels } = config
  const data = uniform('latents', latentChannels * 16).map(value => value / scale)
  return { recipe: decoderRecipe(config), feeds: [{ name: LATENTS, shape: [1, latentChannels, 4, 4], data }] }
}

function denoiserOf(found: Component, label: number | null): { recipe: Recipe; feeds: Feed[] } {
  const network = networkOf(unetArguments(found, tokens))
  const { inChannels, size, labelDim, context } = network
  const feeds: Feed[] = [
    { name: 'x', shape: [1, inChannels, ...size], data: uniform('x', inChannels * size[0] * size[1]) },
    { name: 'noise', shape: [1, 1], data: Float32Array.of(time) }
  ]
  if (label !== null)
    feeds.push({
      ...{ name: 'labels', shape: [1, labelDim] },
      data: Float32Array.from({ length: labelDim }, (_, i) => Number(i === label))
    })
  if (context)
    feeds.push({
      ...{ name: 'context', shape: [1, tokens, context.width] },
      data: uniform('context', tokens * context.width)
    })
  return { recipe: denoisingRecipe(network), feeds }
}

const examples = Object.entries(cases).map(([name, { class: className, config, label, names, output }]) => {
  const found = component(className, config)
  return { name, names, output, ...(isDecoder(className) ? decoderOf(found) : denoiserOf(found, label)) }
})

/** A recipe's image with weights by the fill rule. Each graph is run once, so that it is not optimised before. */
async function imageOf(recipe: Recipe, feeds: readonly Feed[]): Promise<Float32Array> {
  const graph = record(recipe, filled(recipe))
  const model = Buffer.concat([encodeModel({ opset: OPSET, graph })])
  const session = await InferenceSession.create(model, { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1 })
  const inputs = feeds.map(({ name, shape, data }): [string, OnnxTensor] => [
    name,
    new OnnxTensor('float32', Float32Array.from(data), shape)
  ])
  const answers = await session.run(Object.fromEntries(inputs))
  const { data } = answers[session.outputNames[0]]
  await session.release()
  return data instanceof Float32Array ? data : new Float32Array(0)
}

describe('as diffusers has it', () => {
  it.each(examples)('$name', async ({ recipe, feeds, names, output }) => {
    expect(largestDifference(await imageOf(recipe, feeds), output)).toBeLessThan(2e-5)
    const lines = Object.entries(parametersOf(recipe)).map(([name, shape]) => `${name} ${shape.join('x')}`)
    expect(createHash('sha256').update(lines.sort().join('\n')).digest('hex')).toBe(names)
  })
})

const pixels = cases['heads by default, all else small'].config
const context = cases['Stable Diffusion'].config
const refusal = (className: string, config: Component['config']) => () =>
  isDecoder(className)
    ? autoencoderConfig(component(className, config), [4, 4])
    : unetArguments(component(className, config), tokens)

describe('what is not supported is refused by its name and value', () => {
  it.each([
    ['down_block_types', ['SkipDownBlock2D', 'DownBlock2D'], '"SkipDownBlock2D"'],
    ['down_block_types', ['CrossAttnDownBlock2D', 'DownBlock2D'], '"CrossAttnDownBlock2D"'],
    ['down_block_types', ['DownBlock2D'], '\\["DownBlock2D"\\], but block_out_channels has 2 levels'],
    ['up_block_types', ['constructor', 'UpBlock2D'], '"constructor"'],
    ['mid_block_type', 'UNetMidBlock2DCrossAttn', '"UNetMidBlock2DCrossAttn"'],
    ['time_embedding_type', 'learned', '"learned"'],
    ['resnet_time_scale_shift', 'spatial', '"spatial"'],
    ['class_embed_type', 'projection', '"projection"'],
    ['act_fn', 'tanh', '"tanh", which is not supported; known are silu, swish, gelu, relu, mish'],
    ['act_fn', null, 'null'],
    ['downsample_padding', 2, '2'],
    ['downsample_type', 'fir', '"fir"'],
    ['freq_shift', 4, '4, which divides by zero with 8 channels'],
    ['attention_head_dim', 32, '32, which leaves no head for 16 channels'],
    ['attention_head_dim', 0, '0, which leaves no head'],
    ['attention_head_dim', [2, 2], '\\[2,2\\]'],
    ['norm_num_groups', 3, '3, which does not divide 8 channels'],
    ['norm_num_groups', null, 'null'],
    ['attn_norm_num_groups', 3, '3, which does not divide 16 channels'],
    ['sample_size', null, 'null, so that nothing says how large its samples are'],
    ['sample_size', 9, '\\[9,9\\], which cannot be halved 1 times'],
    ['sample_size', [8, 8, 8], '\\[8,8,8\\]'],
    ['in_channels', 9, '9, but out_channels is 3'],
    ['cross_attention_dim', 16, "16, but diffusers' UNet2DModel has no such argument"],
    ['new_in_version_1', { deep: true }, '{"deep":true}, but'],
    ['toString', 1, '1, but']
  ])('UNet2DModel: %s %j', (name, value, message) => {
    expect(refusal('UNet2DModel', { ...pixels, [name]: value })).toThrow(
      new RegExp(`^config\\.json: ${name} (is|must be .*, found) ${message}`)
    )
  })

  it.each([
    ['attention_type', 'gated', '"gated"'],
    ['addition_embed_type', 'text_time', '"text_time"'],
    ['encoder_hid_dim_type', 'image_proj', '"image_proj"'],
    ['time_cond_proj_dim', 16, '16'],
    ['dual_cross_attention', true, 'true'],
    ['class_embed_type', 'simple_projection', '"simple_projection"'],
    ['class_embeddings_concat', true, 'true, which needs embedded classes'],
    ['mid_block_type', 'UNetMidBlock2DSimpleCrossAttn', '"UNetMidBlock2DSimpleCrossAttn"'],
    ['down_block_types', ['SimpleCrossAttnDownBlock2D', 'DownBlock2D'], '"SimpleCrossAttnDownBlock2D"'],
    ['conv_in_kernel', 2, '2'],
    ['cross_attention_dim', [12, 16], '\\[12,16\\]'],
    ['cross_attention_dim', null, 'null'],
    ['only_cross_attention', [true], '\\[true\\]'],
    ['attention_head_dim', [2, 4, 8], '\\[2,4,8\\]'],
    ['attention_head_dim', 16, '16, which leaves no head for 8 channels'],
    ['num_attention_heads', [4, 32], '\\[4,32\\], which leaves no head for 16 channels'],
    [
      'transformer_layers_per_block',
      [[1], [1]],
      '\\[\\[1\\],\\[1\\]\\], which needs reverse_transformer_layers_per_block'
    ],
    ['in_channels', 9, '9, but out_channels is 4: a network that is given more than a noisy image, as for inpainting'],
    ['out_channels', '4', '"4"'],
    ['upsample_type', 'resnet', '"resnet", but']
  ])('UNet2DConditionModel: %s %j', (name, value, message) => {
    expect(refusal('UNet2DConditionModel', { ...context, [name]: value })).toThrow(
      new RegExp(`^config\\.json: ${name} (is|must be .*, found) ${message}`)
    )
  })

  it.each([
    ['VQModel', 'norm_type', 'spatial', '"spatial"'],
    ['AutoencoderKL', 'up_block_types', ['UpBlock2D', 'UpDecoderBlock2D'], '"UpBlock2D"'],
    ['AutoencoderKL', 'up_block_types', ['UpDecoderBlock2D'], '.*, but block_out_channels has 2 levels'],
    ['AutoencoderKL', 'scaling_factor', null, 'null'],
    ['AutoencoderKL', 'norm_type', 'group', '"group", but'],
    ['AutoencoderKL', 'norm_num_groups', 5, '5, which does not divide']
  ])('%s: %s %j', (className, name, value, message) => {
    expect(refusal(className, { ...cases.KL.config, [name]: value })).toThrow(
      new RegExp(`^config\\.json: ${name} (is|must be .*, found) ${message}`)
    )
  })

  it('names classes', () => {
    for (const className of ['UNet1DModel', 'constructor', 'AutoencoderKL'])
      expect(refusal(className === 'AutoencoderKL' ? 'UNet1DModel' : className, {})).toThrow(
        /known are UNet2DModel and/
      )
    expect(() => autoencoderConfig(component('AutoencoderTiny', {}), [4, 4])).toThrow(
      /known are AutoencoderKL and VQModel/
    )
  })
})

describe('what changes no image', () => {
  it.each([
    ['UNet2DModel', { dropout: 0.5, num_train_timesteps: 1000, _class_name: 'x', _name_or_path: 'y' }],
    ['UNet2DModel', { decay: 0.9999, inv_gamma: 1, optimization_step: 7, power: 2 / 3, use_ema_warmup: true }],
    ['UNet2DModel', { of_another_version: null, and_another: false }],
    [
      'UNet2DConditionModel',
      { upcast_attention: true, cross_attention_norm: 'group_norm', addition_time_embed_dim: 256 }
    ]
  ])('%s: %j', (className, more) => {
    const config = className === 'UNet2DModel' ? pixels : context
    expect(unetArguments(component(className, { ...config, ...more }), tokens)).toEqual(
      unetArguments(component(className, config), tokens)
    )
  })
})

describe('a size', () => {
  it('that is given stands for that of the file', () => {
    const given = unetArguments(component('UNet2DModel', { ...pixels, sample_size: null }), 0, [4, 16])
    expect(networkOf(given).size).toEqual([4, 16])
  })

  it("tells the bottleneck's", () => {
    const of = (config: Component['config']) =>
      networkOf(unetArguments(component('UNet2DConditionModel', config), tokens)).bottleneckPixels
    expect(of({ ...context, sample_size: [5, 7] })).toBe(3 * 4)
    expect(of({ ...context, sample_size: [5, 7], downsample_padding: 0 })).toBe(2 * 3)
    expect(of(context)).toBe(16)
  })
})

describe('tensors', () => {
  const tensor = (...shape: number[]): Tensor => ({ kind: 'tensor', dtype: 'float32', shape, data: new Uint8Array(0) })

  it('of 2022 are read by the names of today', () => {
    const old = ['query', 'key', 'value', 'proj_attn'].map(layer => `down_blocks.1.attentions.0.${layer}.weight`)
    const others = ['mid_block.resnets.0.norm1.weight', 'value.weight']
    const read = unetTensors(new Map([...old, ...others].map(name => [name, tensor(1)])))
    expect([...read.keys()]).toEqual([
      ...['to_q', 'to_k', 'to_v', 'to_out.0'].map(layer => `down_blocks.1.attentions.0.${layer}.weight`),
      ...others
    ])
  })

  it('that were renamed are called what the file calls them', () => {
    const of = (name: string) => new Map([[name, tensor(1)]])
    const at = 'mid_block.attentions.0'
    expect(nameInFile(unetTensors(of(`${at}.query.weight`)), `${at}.to_q.weight`)).toBe(`${at}.query.weight`)
    const decoder = autoencoderTensors(of(`decoder.${at}.key.weight`))
    expect(nameInFile(decoder, `decoder.${at}.to_k.weight`)).toBe(`decoder.${at}.key.weight`)
    const text = clipTextTensors(of('embeddings.token_embedding.weight'))
    expect(nameInFile(text, 'text_model.final_layer_norm.bias')).toBe('final_layer_norm.bias')
  })

  it('of frequencies that are written twice are read once', () => {
    const [first, second] = [tensor(1), tensor(2)]
    expect(unetTensors(new Map([['time_proj.W', second]]))).toEqual(new Map([['time_proj.weight', second]]))
    const both = unetTensors(
      new Map([
        ['time_proj.W', second],
        ['time_proj.weight', first]
      ])
    )
    expect(both).toEqual(new Map([['time_proj.weight', first]]))
  })

  it('of an encoder are left out, and attention has no kernels', () => {
    const at = 'decoder.mid_block.attentions.0'
    const read = autoencoderTensors(
      new Map([
        ['encoder.conv_in.weight', tensor(1)],
        ['quant_conv.weight', tensor(1)],
        [`${at}.query.weight`, tensor(4, 4, 1, 1)],
        [`${at}.proj_attn.bias`, tensor(4)]
      ])
    )
    expect([...read].map(([name, { shape }]) => [name, shape])).toEqual([
      [`${at}.to_q.weight`, [4, 4]],
      [`${at}.to_out.0.bias`, [4]]
    ])
  })
})
