import { describe, expect, it } from 'vitest'
import type { Component } from '../../src/checkpoints/diffusers.js'
import type { Tensor } from '../../src/checkpoints/tensor.js'
import { clipImageConfig, clipTextConfig, clipTextTensors } from '../../src/networks/diffusers.js'

const of = (config: Readonly<Record<string, unknown>>, className = 'CLIPTextModel'): Component => ({
  ...{ className, config, file: 'text_encoder/config.json', weights: [], tensors: () => Promise.resolve(new Map()) }
})

/** As transformers 4.27 and 5.18 write them. */
const OLD = {
  ...{ architectures: ['CLIPTextModel'], attention_dropout: 0, bos_token_id: 0, dropout: 0, eos_token_id: 2 },
  ...{ hidden_act: 'quick_gelu', hidden_size: 768, initializer_factor: 1, initializer_range: 0.02, pad_token_id: 1 },
  ...{ intermediate_size: 3072, layer_norm_eps: 1e-5, max_position_embeddings: 77, model_type: 'clip_text_model' },
  ...{ num_attention_heads: 12, num_hidden_layers: 12, projection_dim: 768, torch_dtype: 'float32', vocab_size: 49408 },
  transformers_version: '4.27.1'
}
const NEW = { ...without(OLD, 'torch_dtype', 'dropout'), dtype: 'float32', transformers_version: '5.18.0' }

function without(config: Readonly<Record<string, unknown>>, ...names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([name]) => !names.includes(name)))
}

describe("a text encoder's configuration", () => {
  it('is the same from old and new versions of transformers', () => {
    const expected = {
      ...{ width: 768, layers: 12, heads: 12, inner: 3072, activation: 'quick_gelu', vocabulary: 49408, tokens: 77 }
    }
    expect(clipTextConfig(of(OLD))).toEqual(expected)
    expect(clipTextConfig(of(NEW))).toEqual(expected)
  })

  it('has the defaults of its class, and any epsilon', () => {
    expect(clipTextConfig(of({ layer_norm_eps: 0.01 }))).toEqual({
      ...{ width: 512, layers: 12, heads: 8, inner: 2048, activation: 'quick_gelu', vocabulary: 49408, tokens: 77 },
      eps: 0.01
    })
  })

  it.each([
    ['use_attention_mask', true],
    ['is_decoder', true],
    ['pruned_heads', { 1: [0] }],
    ['quantization_config', { load_in_8bit: true }],
    ['rope_theta', 10000]
  ])('with %s is refused by its name', (name, value) => {
    expect(() => clipTextConfig(of({ ...OLD, [name]: value }))).toThrow(
      `text_encoder/config.json: ${name} is ${JSON.stringify(value)}, which is not supported`
    )
    const whole = { architectures: ['CLIPModel'], text_config: { ...OLD, [name]: value }, vision_config: {} }
    expect(() => clipTextConfig(of(whole, 'CLIPModel'))).toThrow(`text_config: ${name} is`)
  })

  it('may say harmless things of what others do with it', () => {
    const more = { pruned_heads: {}, is_decoder: false, id2label: { 0: 'a' }, output_hidden_states: true, top_k: 50 }
    expect(clipTextConfig(of({ ...OLD, ...more }))).toEqual(clipTextConfig(of(OLD)))
  })

  it('that is written twice must agree with itself', () => {
    const whole = (again: object) => of({ text_config: OLD, text_config_dict: { ...OLD, ...again } }, 'CLIPModel')
    expect(clipTextConfig(whole({ projection_dim: 1 }))).toEqual(clipTextConfig(of(OLD)))
    const partial = without(OLD, 'vocab_size', 'max_position_embeddings')
    expect(() => clipTextConfig(of({ text_config: OLD, text_config_dict: partial }, 'CLIPModel'))).not.toThrow()
    expect(() => clipTextConfig(whole({ hidden_size: 512 }))).toThrow(
      /text_config_dict says that hidden_size is 512, but text_config says 768/
    )
  })

  it('of images has three channels', () => {
    expect(() => clipImageConfig(of({ vision_config: { num_channels: 4 } }, 'CLIPModel'))).toThrow(/num_channels is 4/)
  })
})

describe("a text encoder's tensors", () => {
  const tensor: Tensor = { kind: 'tensor', dtype: 'float32', shape: [1], data: new Uint8Array(4) }
  const named = (...names: readonly string[]) => [...clipTextTensors(new Map(names.map(name => [name, tensor]))).keys()]

  it('have the names of transformers 4, whichever version wrote them', () => {
    expect(named('embeddings.token_embedding.weight', 'final_layer_norm.bias')).toEqual([
      'text_model.embeddings.token_embedding.weight',
      'text_model.final_layer_norm.bias'
    ])
    expect(named('text_model.final_layer_norm.bias', 'vision_model.x', 'text_projection.weight', 'odd')).toEqual([
      'text_model.final_layer_norm.bias',
      'odd'
    ])
  })
})
