import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { partsDigest, readParts } from '../../src/models/parts.js'
import { LATENT, SIDE, STABLE, writeCompVis, writeDdpm } from './latent.js'

const folder = () => mkdtempSync(join(tmpdir(), 'epd-parts-'))

function ddpm(change: Readonly<Record<string, unknown>>, scheduler?: object): string {
  const at = writeDdpm(folder(), change)
  if (scheduler) {
    writeFileSync(join(at, 'scheduler_config.json'), JSON.stringify(scheduler))
    rmSync(join(at, 'model_index.json'))
  }
  return at
}

describe('a folder of diffusers', () => {
  it('is read as its scheduler says', async () => {
    const flow = { _class_name: 'FlowMatchEulerDiscreteScheduler', num_train_timesteps: 500 }
    const { about } = await readParts(ddpm({}, flow))
    expect(about).toMatchObject({
      className: 'Continuous',
      initKwargs: { predicts: 'flow', noise: { type: 'flow', times: 500, first: 1 / 500, last: 499 / 500 } }
    })
  })

  it('says what its scheduler does to each denoised image', async () => {
    expect((await readParts(ddpm({}))).about.sampling).toEqual({ clip: 1 })
  })

  it('without a size of its samples has the one that the user names', async () => {
    const path = ddpm({ sample_size: null })
    await expect(readParts(path)).rejects.toThrow(/config\.json: sample_size is null.*name it in the model's shape/)
    const { about } = await readParts(path, { shape: [3, 16, 16] })
    expect(about.initKwargs.sample_size).toEqual([16, 16])
    const oblong = await readParts(path, { shape: [3, 16, 8] })
    expect(oblong.about.initKwargs.sample_size).toEqual([16, 8])
    await expect(readParts(path, { shape: [4, 16, 16] })).rejects.toThrow(
      /of shape \[3,16,16\], but shape is \[4,16,16\]/
    )
    expect(await partsDigest(path, { shape: [3, 16, 16] })).not.toBe(await partsDigest(path, { shape: [3, 8, 8] }))
  })

  it('of one size has no other', async () => {
    await expect(readParts(ddpm({}), { shape: [3, 2 * SIDE, 2 * SIDE] })).rejects.toThrow(
      `its samples are of shape [3,${SIDE},${SIDE}], but shape is [3,${2 * SIDE},${2 * SIDE}]`
    )
  })
})

describe('a file of latent diffusion', () => {
  it('has the heads of the config.yaml beside it, and without one is refused where its tensors do not tell', async () => {
    const path = writeCompVis(folder(), 'model.ckpt', LATENT, {}, { num_head_channels: -1, num_heads: 4 })
    expect((await readParts(path)).about.initKwargs).toMatchObject({
      num_heads: 4,
      num_head_channels: 0,
      image_size: SIDE
    })
    rmSync(join(path, '../config.yaml'))
    await expect(readParts(path)).rejects.toThrow(/do not tell how many heads.*put the config\.yaml/)
  })

  it.each([
    ['conditioning_key', 'hybrid', /conditioning_key is "hybrid"/],
    [
      'cond_stage_config',
      '__is_unconditional__',
      /cond_stage_config is "__is_unconditional__", but the checkpoint has a text encoder/
    ],
    [
      'cond_stage_config',
      { target: 'x.FrozenCLIPEmbedder', params: { layer: 'penultimate' } },
      /cond_stage_config\.params\.layer is "penultimate"/
    ],
    ['cond_stage_config', { target: 'x.FrozenCLIPEmbedder', params: { max_length: 5 } }, /max_length is 5/]
  ])('that reads prompts is refused with a %s of %s', async (name, value, message) => {
    await expect(readParts(writeCompVis(folder(), 'model.safetensors', STABLE, { [name]: value }))).rejects.toThrow(
      message
    )
  })

  it('has no variants', async () => {
    await expect(partsDigest(writeCompVis(folder(), 'model.safetensors', STABLE), { variant: 'fp16' })).rejects.toThrow(
      /is one file; only a folder of diffusers has a variant \(fp16\)/
    )
  })
})
