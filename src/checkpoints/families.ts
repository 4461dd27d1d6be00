import type { Tensors } from './state-dict.js'

/**
 * Files that people take for a model of this kind: how their tensors' names tell them, what they are, and what to do.
 */
interface Family {
  /** All of these match a name each. */
  readonly names: readonly RegExp[]
  readonly what: string
  readonly wayOut?: string
  /** Whether it is one in a whole file of CompVis's kind, too. */
  readonly whole?: true
}

const FAMILIES: readonly Family[] = [
  { names: [/^conditioner\.embedders\./], what: 'Stable Diffusion XL (conditioner.*)', whole: true },
  { names: [/^control_model\./], what: 'a ControlNet (control_model.*)', whole: true },
  { names: [/^controlnet_(cond_embedding|down_blocks|mid_block)\./], what: "a ControlNet by diffusers' names" },
  {
    names: [/(^|[._])(lora_(up|down|unet|te\d?|A|B)|lora\.(up|down)|hada_w1_a|lokr_w1)([._]|$)/],
    what: 'a LoRA, which changes another model',
    wayOut: 'merge it into its model, and give that'
  },
  { names: [/^ip_adapter\./, /^image_proj\./], what: 'an IP-Adapter' },
  { names: [/\.?motion_modules\./], what: 'a motion module of AnimateDiff', whole: true },
  { names: [/(^|\.)double_blocks\.\d+\./], what: 'FLUX (double_blocks.*)', whole: true },
  { names: [/(^|\.)single_blocks\.\d+\./], what: 'FLUX (single_blocks.*)', whole: true },
  { names: [/(^|\.)joint_blocks\.\d+\./], what: 'Stable Diffusion 3 (joint_blocks.*)', whole: true },
  {
    names: [/(^|\.)single_transformer_blocks\.\d+\./],
    what: "FLUX by diffusers' names (single_transformer_blocks.*)"
  },
  {
    names: [/(^|\.)blocks\.\d+\.adaLN_modulation\./, /(^|\.)x_embedder\./],
    what: 'a diffusion transformer (DiT)',
    whole: true
  },
  {
    names: [/(^|\.)blocks\.\d+\.cross_attn\./, /(^|\.)patch_embedding\./],
    what: 'a diffusion transformer (Wan)',
    whole: true
  },
  { names: [/^transformer_blocks\.\d+\./, /^(pos_embed|adaln_single|patch_embed)\./], what: 'a diffusion transformer' },
  {
    names: [/^down_blocks\.\d+\./, /^conv_in\./, /^time_embedding\./],
    what: "a U-Net by diffusers' names",
    wayOut: 'give the folder that it stands in with its config.json and scheduler_config.json'
  },
  { names: [/^(first_stage_model\.)?decoder\.(up|up_blocks|mid|mid_block)\./], what: 'an autoencoder (VAE) alone' },
  { names: [/^(transformer\.)?(text_model|vision_model)\./], what: 'a CLIP encoder alone' },
  { names: [/^(\w+\.)?token_embedding\.weight$/, /^(\w+\.)?transformer\.resblocks\.\d+\./], what: 'OpenCLIP alone' },
  { names: [/^(\w+\.)?encoder\.block\.\d+\.layer\.\d+\./], what: 'a T5 text encoder alone' },
  { names: [/^(model\.)?layers\.\d+\.self_attn\./], what: 'a language model' },
  { names: [/^(mapping|style)\./, /^(synthesis|convs|to_rgbs|conv1)\./], what: 'the generator of a GAN' },
  { names: [/^(generator|discriminator|netG|netD|G|D|G_ema)\./], what: 'a GAN' },
  { names: [/(^|\.)all_modules\.\d+\./], what: "a network of score_sde's (all_modules.*)" },
  { names: [/(^|\.)init_conv\./, /(^|\.)downs\.\d+\./], what: 'a U-Net of denoising-diffusion-pytorch' },
  {
    names: [/^temb\.dense\.\d+\./, /^down\.\d+\.block\./],
    what: "a U-Net by the names of DDPM's first port (temb.dense.*)"
  },
  { names: [/^(unet\.)?emb_fourier\./], what: 'a network of EDM2' },
  { names: [/^(in_blocks|out_blocks)\.\d+\.attn\./, /^pos_embed$/], what: 'a U-ViT' },
  { names: [/^emb_params$/], what: 'a textual inversion, which adds a word to another model' }
]

/**
 * The family that tensors are of, by their names, with what to do; undefined where their names tell nothing.
 * @param whole whether they are a whole file of CompVis's kind, which has parts that are families of their own
 */
export function familyOf(tensors: Tensors, whole: boolean): string | undefined {
  const all = [...tensors.keys()]
  const found = FAMILIES.find(
    family => (family.whole ?? !whole) && family.names.every(pattern => all.some(name => pattern.test(name)))
  )
  if (!found) return undefined
  return `it holds ${found.what}, which is not supported${found.wayOut ? `; ${found.wayOut}` : ''}`
}
