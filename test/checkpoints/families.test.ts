import { describe, expect, it } from 'vitest'
import { familyOf } from '../../src/checkpoints/families.js'
import type { Tensor } from '../../src/checkpoints/tensor.js'

const tensors = (...names: string[]) =>
  new Map(
    names.map(name => [
      name,
      { kind: 'tensor', dtype: 'float32', shape: [0], data: new Uint8Array(0) } satisfies Tensor
    ])
  )
const UNET = 'model.diffusion_model.'

describe('files of other families are told by their names:', () => {
  it.each([
    ['Stable Diffusion XL', `${UNET}time_embed.0.weight`, 'conditioner.embedders.0.transformer.text_model.x'],
    ['ControlNet', `${UNET}time_embed.0.weight`, 'control_model.time_embed.0.weight'],
    ['FLUX', `${UNET}double_blocks.0.img_attn.qkv.weight`],
    ['Stable Diffusion 3', `${UNET}joint_blocks.0.context_block.attn.qkv.weight`]
  ])('%s, in a whole file', (what, ...names) => {
    expect(familyOf(tensors(...names), true)).toContain(what)
  })

  it.each([
    ['FLUX', 'double_blocks.0.img_attn.qkv.weight', 'single_blocks.0.linear1.weight'],
    ['FLUX', 'single_transformer_blocks.0.attn.to_q.weight', 'transformer_blocks.0.attn.to_q.weight'],
    ['Stable Diffusion 3', 'joint_blocks.0.x_block.attn.qkv.weight'],
    ['LoRA', 'lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight'],
    ['LoRA', 'unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight'],
    ['LoRA', 'unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.up.weight'],
    [
      'ControlNet',
      'controlnet_cond_embedding.conv_in.weight',
      'conv_in.weight',
      'down_blocks.0.resnets.0.conv1.weight'
    ],
    ['U-Net by diffusers', 'conv_in.weight', 'time_embedding.linear_1.weight', 'down_blocks.0.resnets.0.conv1.weight'],
    ['diffusion transformer (DiT)', 'x_embedder.proj.weight', 'blocks.0.adaLN_modulation.1.weight'],
    ['autoencoder (VAE)', 'encoder.conv_in.weight', 'decoder.conv_in.weight', 'decoder.up.0.block.0.conv1.weight'],
    ['autoencoder (VAE)', 'decoder.conv_in.weight', 'decoder.up_blocks.0.resnets.0.conv1.weight'],
    ['autoencoder (VAE)', 'first_stage_model.decoder.up.0.block.0.conv1.weight'],
    ['CLIP', 'text_model.embeddings.token_embedding.weight', 'text_model.encoder.layers.0.mlp.fc1.weight'],
    ['OpenCLIP', 'token_embedding.weight', 'transformer.resblocks.0.attn.in_proj_weight'],
    ['T5', 'shared.weight', 'encoder.block.0.layer.0.SelfAttention.q.weight'],
    ['language model', 'model.layers.0.self_attn.q_proj.weight', 'lm_head.weight'],
    ['GAN', 'mapping.fc0.weight', 'synthesis.b4.conv1.weight'],
    ['GAN', 'generator.main.0.weight', 'discriminator.main.0.weight']
  ])('%s (%s)', (what, ...names) => {
    expect(familyOf(tensors(...names), false)).toContain(what)
  })

  it.each([
    ["EDM's", false, ['model.map_layer0.weight', 'model.enc.16x16_conv.weight', 'model.dec.16x16_in0.conv0.weight']],
    [
      "guided-diffusion's",
      false,
      ['time_embed.0.weight', 'input_blocks.0.0.weight', 'out.2.weight', 'label_emb.weight']
    ],
    [
      'a whole Stable Diffusion',
      true,
      [
        ...[`${UNET}time_embed.0.weight`, 'first_stage_model.decoder.up.0.block.0.conv1.weight'],
        ...['cond_stage_model.transformer.text_model.embeddings.token_embedding.weight', 'alphas_cumprod']
      ]
    ]
  ] as const)('%s is none of them', (_, whole, names) => {
    expect(familyOf(tensors(...names), whole)).toBeUndefined()
  })
})
