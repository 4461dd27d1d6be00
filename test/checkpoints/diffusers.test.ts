import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readComponent, readDiffusers, type WeightOptions } from '../../src/checkpoints/diffusers.js'
import { encodeSafetensors } from '../../src/checkpoints/safetensors.js'
import type { Tensor } from '../../src/checkpoints/tensor.js'

const folder = () => mkdtempSync(join(tmpdir(), 'epd-folder-'))
const UNET = { _class_name: 'UNet2DModel', sample_size: 8 }
const INDEX = {
  _class_name: 'DDPMPipeline',
  unet: ['diffusers', 'UNet2DModel'],
  scheduler: ['diffusers', 'DDPMScheduler']
}

/** A file of one tensor, called as the file is. */
function bytesOf(name: string): Buffer {
  const tensor: Tensor = { kind: 'tensor', dtype: 'float32', shape: [1], data: new Uint8Array(4) }
  return encodeSafetensors(new Map([[name, tensor]]), {})
}

/** A network's folder with weights of these names; an index names the files given with it. */
function component(at: string, files: Readonly<Record<string, readonly string[]>>): string {
  mkdirSync(at, { recursive: true })
  writeFileSync(join(at, 'config.json'), JSON.stringify(UNET))
  for (const [name, shards] of Object.entries(files))
    writeFileSync(
      join(at, name),
      name.endsWith('.json')
        ? JSON.stringify({ weight_map: Object.fromEntries(shards.map(shard => [shard, shard])) })
        : bytesOf(name)
    )
  for (const shard of Object.values(files).flat()) writeFileSync(join(at, shard), bytesOf(shard))
  return at
}

const PLAIN = 'diffusion_pytorch_model.safetensors'
const HALF = 'diffusion_pytorch_model.fp16.safetensors'
const SHARDS = [
  'diffusion_pytorch_model.fp16-00001-of-00002.safetensors',
  'diffusion_pytorch_model.fp16-00002-of-00002.safetensors'
]

async function namesOf(files: Readonly<Record<string, readonly string[]>>, options?: WeightOptions): Promise<string[]> {
  const { tensors } = await readComponent(component(folder(), files), options)
  return [...(await tensors()).keys()]
}

describe("a network's folder", () => {
  it.each([
    ['whole weights before halves', { [HALF]: [], [PLAIN]: [] }, undefined, [PLAIN]],
    ['halves where there are no others', { [HALF]: [] }, undefined, [HALF]],
    ['the variant that is named', { [HALF]: [], [PLAIN]: [] }, 'fp16', [HALF]],
    ['another variant', { 'model.non_ema.safetensors': [], [PLAIN]: [] }, 'non_ema', ['model.non_ema.safetensors']],
    ['a variant before .bin', { 'pytorch_model.fp16.bin': [], [HALF]: [] }, 'fp16', [HALF]],
    ['shards by an index', { 'diffusion_pytorch_model.safetensors.index.json': SHARDS }, undefined, SHARDS],
    [
      'shards of a variant, as diffusers names their index',
      { 'diffusion_pytorch_model.safetensors.index.fp16.json': SHARDS },
      'fp16',
      SHARDS
    ],
    [
      'the same without a word of the variant',
      { 'diffusion_pytorch_model.safetensors.index.fp16.json': SHARDS },
      undefined,
      SHARDS
    ],
    [
      'shards of a variant, as old versions name their index',
      { 'diffusion_pytorch_model.safetensors.fp16.index.json': SHARDS },
      'fp16',
      SHARDS
    ],
    [
      'shards of a variant in a third spelling',
      { 'diffusion_pytorch_model.fp16.safetensors.index.json': SHARDS },
      'fp16',
      SHARDS
    ]
  ])('gives %s', async (_, files, variant, expected) => {
    expect(await namesOf(files, { variant })).toEqual(expected)
  })

  it.each([
    [
      'another variant alone',
      { 'model.non_ema.safetensors': [], 'model.bf16.safetensors': [] },
      undefined,
      /holds no weights without a variant, but of the variants bf16, non_ema; name one as the model's variant/
    ],
    [
      'another than the one that is named',
      { [HALF]: [] },
      'bf16',
      /holds no weights of the variant bf16, but of the variants fp16/
    ],
    [
      'another in shards',
      {
        'diffusion_pytorch_model.safetensors.index.bf16.json': [
          'diffusion_pytorch_model.bf16-00001-of-00001.safetensors'
        ]
      },
      undefined,
      /but of the variants bf16;/
    ],
    ['none', {}, undefined, /holds no weights; expected diffusion_pytorch_model\.safetensors/]
  ])('with %s is refused', async (_, files, variant, message) => {
    await expect(namesOf(files, { variant })).rejects.toThrow(message)
  })
})

describe('a pipeline', () => {
  const pipeline = (index: object, unet: Readonly<Record<string, readonly string[]>> = { [PLAIN]: [] }) => {
    const at = folder()
    component(join(at, 'unet'), unet)
    component(join(at, 'vae'), { [PLAIN]: [] })
    writeFileSync(join(at, 'vae/config.json'), JSON.stringify({ _class_name: 'AutoencoderKL' }))
    mkdirSync(join(at, 'scheduler'))
    writeFileSync(join(at, 'scheduler/scheduler_config.json'), '\uFEFF{"lambda_min_clipped": -Infinity}')
    writeFileSync(join(at, 'model_index.json'), JSON.stringify(index))
    return at
  }

  it('names the class of its scheduler, whose JSON is as Python writes it', async () => {
    const { scheduler } = await readDiffusers(pipeline(INDEX))
    expect(scheduler).toMatchObject({ config: { lambda_min_clipped: -Infinity }, listed: 'DDPMScheduler' })
  })

  it('of which a part has the variant is read with the plain weights of others', async () => {
    const index = { ...INDEX, vae: ['diffusers', 'AutoencoderKL'] }
    const read = await readDiffusers(pipeline(index, { [PLAIN]: [], [HALF]: [] }), { variant: 'fp16' })
    expect([read.unet.variant, read.autoencoder?.variant]).toEqual(['fp16', undefined])
    await expect(readDiffusers(pipeline(index), { variant: 'fp16' })).rejects.toThrow(
      /has no weights of the variant fp16/
    )
  })

  it.each([
    [
      'a part that is not known',
      { prior: ['diffusers', 'PriorTransformer'] },
      /its pipeline has a prior, which is not supported/
    ],
    [
      'a part of other code',
      { unet: ['my_code', 'UNet2DModel'] },
      /unet is \["my_code","UNet2DModel"\].*must be of diffusers/
    ],
    [
      'another class',
      { unet: ['diffusers', 'UNet2DConditionModel'] },
      /config\.json: is of a UNet2DModel, but .*model_index\.json names a UNet2DConditionModel/
    ],
    ['a setting that is not known', { force_zeros_for_empty_prompt: true }, /force_zeros_for_empty_prompt is true/]
  ])('with %s is refused by its name', async (_, change, message) => {
    await expect(readDiffusers(pipeline({ ...INDEX, ...change }))).rejects.toThrow(message)
  })

  it('may have what samples do not depend on', async () => {
    const more = {
      safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'],
      requires_safety_checker: true,
      image_encoder: [null, null],
      feature_extractor: null
    }
    expect((await readDiffusers(pipeline({ ...INDEX, ...more }))).unet.className).toBe('UNet2DModel')
  })
})
