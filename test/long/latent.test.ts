import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { latents } from '../../src/random/latents.js'
import type { Model } from '../../src/models/model.js'
import { openModel } from '../../src/models/open.js'
import { solve } from '../../src/solvers/solve.js'
import { schedule } from '../../src/solvers/schedule.js'
import { diffusersAnswers, largestDifference } from '../networks/reference.js'
import { hashUniform } from '../../src/random/hash-uniform.js'
import { latentStates } from '../../src/checkpoints/compvis.js'
import {
  DDPM,
  LATENT,
  SIDE,
  STABLE,
  STABLE_2,
  stateDict,
  writeCompVis,
  writeDdpm,
  writeDiffusers
} from '../models/latent.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-latent-'))
const cacheDir = join(folder, 'cache')
const at = (name: string) => join(folder, name)
const PROMPTS = ['a cat', 'A  dog!', '']

const single = writeCompVis(at('single'), 'model.safetensors', STABLE)
const trained = writeCompVis(at('trained'), 'model.ckpt', STABLE)
const zipped = writeCompVis(at('zipped'), 'model.zip', STABLE)
const diffusers = writeDiffusers(at('diffusers'), STABLE)
const sharded = writeDiffusers(at('sharded'), STABLE, { shards: 3 })

/** Images of three prompts at 3 steps of euler. */
async function images(model: Model): Promise<Float32Array> {
  const { sigmaMin, sigmaMax, shape } = model
  const sigmas = schedule({ type: 'discrete', rho: 1, numSteps: 4, sigmaMin, sigmaMax, model })
  const x = latents({ seeds: [0, 1, 2], shape }).map(value => value * sigmaMax)
  const solved = await solve({
    model,
    solver: { name: 'euler', afs: false },
    x,
    sigmas,
    condition: { prompts: PROMPTS }
  })
  const decoded = await model.decoder?.decode(solved.x, 3)
  await model.close()
  return decoded ?? new Float32Array(0)
}

const open = (checkpoint: string, onNote?: (note: string) => void) =>
  openModel({ checkpoint, cacheDir, engine: 'onnx', provider: 'cpu', onNote })

describe('Stable Diffusion', async () => {
  const expected = await images(await open(single))

  it.each([
    ['.ckpt', trained],
    ['a .ckpt in a .zip', zipped],
    ['a folder of diffusers', diffusers],
    ['a folder of diffusers in shards', sharded]
  ])('from %s gives the samples of the same weights in .safetensors', async (_, path) => {
    expect(expected).toHaveLength(3 * 3 * (2 * SIDE) ** 2)
    expect(largestDifference(await images(await open(path)), expected)).toBeLessThan(1e-4)
  })

  it('has the same digest from .ckpt and .safetensors, and from folders in one file and in shards', async () => {
    const digest = async (path: string) => (await open(path)).digest
    expect(await digest(trained)).toBe(await digest(single))
    expect(await digest(sharded)).toBe(await digest(diffusers))
  })

  it('keeps what prompts are encoded to, and computes it once', async () => {
    const folderOfPrompts = join(cacheDir, 'prompts')
    const times = () => readdirSync(folderOfPrompts).map(name => statSync(join(folderOfPrompts, name)).mtimeMs)
    const before = times()
    expect(before.length).toBeGreaterThanOrEqual(PROMPTS.length)
    expect(await images(await open(single))).toEqual(expected)
    expect(times()).toEqual(before)
  })

  it('computes an encoding of a prompt again where its file is damaged, and says so once', async () => {
    const folderOfPrompts = join(cacheDir, 'prompts')
    const paths = readdirSync(folderOfPrompts).map(name => join(folderOfPrompts, name))
    const whole = paths.map(path => readFileSync(path))
    const damages = [0, 0.1, 0.5, 0.95, 1].map(part => (bytes: Buffer) => {
      const flipped = Buffer.from(bytes)
      flipped[Math.min(Math.floor(part * bytes.length), bytes.length - 1)] ^= 0x40
      return flipped
    })
    for (const damage of [...damages, (bytes: Buffer) => bytes.subarray(0, 100), () => Buffer.alloc(0)]) {
      const notes: string[] = []
      paths.forEach((path, i) => {
        writeFileSync(path, damage(whole[i]))
      })
      expect(await images(await open(single, note => notes.push(note)))).toEqual(expected)
      expect(notes).toEqual([expect.stringMatching(/prompts.* has changed since it was written; .* computed again$/)])
    }
    paths.slice(1).forEach(path => {
      cpSync(paths[0], path)
    })
    expect(await images(await open(single))).toEqual(expected)
  })

  it('is found with its tokeniser where it was moved after it was compiled', async () => {
    const moved = at('moved')
    cpSync(sharded, at('original'), { recursive: true })
    await (await open(at('original'))).close()
    renameSync(at('original'), moved)
    expect(await images(await open(moved))).toEqual(expected)
  })

  it('with a text encoder that is not supported is refused by its name', () => {
    const other = new Map([
      ...stateDict(STABLE),
      ['cond_stage_model.model.ln_final.weight', STABLE.unet.get('out.2.weight')!]
    ])
    expect(() => latentStates(other)).toThrow(
      /condition has cond_stage_model\.model\.ln_final\.weight, which is not supported/
    )
  })

  it('looks at its prompts', async () => {
    const model = await open(single)
    const x = latents({ seeds: [0, 0], shape: model.shape })
    const denoised = await model.denoise(x, Float64Array.of(3, 3), { prompts: ['a cat', 'a dog'] })
    expect(denoised.slice(0, denoised.length / 2)).not.toEqual(denoised.slice(denoised.length / 2))
    await model.close()
  })
})

describe('what Stable Diffusion 2 does otherwise', () => {
  it('is read from a folder of diffusers and from a single file with its config.yaml alike', async () => {
    const paths = [
      writeCompVis(
        at('single-2'),
        'model.safetensors',
        STABLE_2,
        { parameterization: 'v' },
        { num_heads: -1, num_head_channels: 32, use_linear_in_transformer: true }
      ),
      writeDiffusers(at('diffusers-2'), STABLE_2, {
        unetConfig: { use_linear_projection: true, attention_head_dim: [1, 2] },
        scheduler: { prediction_type: 'v_prediction' }
      })
    ]
    const [one, other] = [await images(await open(paths[0])), await images(await open(paths[1]))]
    expect(largestDifference(one, other)).toBeLessThan(1e-4)
    expect(largestDifference(one, await images(await open(single)))).toBeGreaterThan(0.1)
  })
})

describe('latent diffusion without words', () => {
  it('is sampled and decoded, its latents rounded to the nearest codes', async () => {
    const model = await open(writeCompVis(at('ldm'), 'model.ckpt', LATENT))
    expect(model).toMatchObject({
      shape: [3, SIDE, SIDE],
      prompted: false,
      decoder: { shape: [3, 2 * SIDE, 2 * SIDE], scale: 1 }
    })
    expect(model.sigmaMin).toBeCloseTo(0.03875904902815819, 6)
    expect(model.sigmaMax).toBeCloseTo(83.82247924804688, 3)
    await model.close()
  })
})

describe("DDPM's network from a folder of diffusers", () => {
  it('gives the denoised image of what diffusers answers', async () => {
    const { time } = diffusersAnswers()
    let product = 1
    for (let i = 0; i <= time; i++) product *= 1 - (1e-4 + ((0.02 - 1e-4) * i) / 999)
    const sigma = Math.sqrt((1 - product) / product)
    const noisy = hashUniform('x', 0, DDPM.output.length).map(value => Math.fround(value) * Math.hypot(1, sigma))
    const model = await open(writeDdpm(at('ddpm')))
    const denoised = await model.denoise(noisy, Float64Array.of(sigma))
    await model.close()
    expect(
      largestDifference(
        denoised,
        noisy.map((value, i) => value - sigma * DDPM.output[i])
      )
    ).toBeLessThan(1e-5)
  })

  it.each([
    ['act_fn', 'tanh'],
    ['time_embedding_type', 'learned'],
    ['class_embed_type', 'projection'],
    ['down_block_types', ['SkipDownBlock2D', 'DownBlock2D']],
    ['in_channels', 9],
    ['of_a_later_version', 7],
    ['resnet_time_scale_shift', 'spatial']
  ])('with a %s that is not supported is refused by its name', async (name, value) => {
    const path = writeDdpm(at(`ddpm-${name}`), { [name]: value })
    await expect(open(path)).rejects.toThrow(
      new RegExp(`config\\.json: ${name} (is|must be) .*${String(value).slice(0, 5)}|${name}`)
    )
    await expect(open(path)).rejects.toMatchObject({ code: 'model-invalid' })
  })

  it('lists tensors that are missing, left over or of another shape', async () => {
    const path = writeDdpm(at('ddpm-tensors'), { block_out_channels: [8, 24] })
    await expect(open(path)).rejects.toThrow(
      /do not fit its UNet2DModel: down_blocks\.1\.resnets\.0\.conv1\.weight is 16x8x3x3, not 24x8x3x3; .*; and \d+ more$/
    )
  })

  it('takes one network of a file only from a file', async () => {
    await expect(openModel({ checkpoint: writeDdpm(at('ddpm-weights')), weights: 'ema', cacheDir })).rejects.toThrow(
      /is a folder, and weights: ema is for files that hold several networks/
    )
  })

  it('needs a scheduler, weights and components that are known', async () => {
    const path = writeDdpm(at('ddpm-lacking'))
    writeFileSync(
      join(path, 'model_index.json'),
      JSON.stringify({ unet: ['diffusers', 'UNet2DModel'], transformer: ['diffusers', 'FluxTransformer2DModel'] })
    )
    await expect(open(path)).rejects.toThrow(/its pipeline has a transformer, which is not supported/)
    rmSync(join(path, 'model_index.json'))
    rmSync(join(path, 'diffusion_pytorch_model.safetensors'))
    await expect(open(path)).rejects.toThrow(/holds no weights/)
    writeDdpm(path)
    rmSync(join(path, 'scheduler_config.json'))
    await expect(open(path)).rejects.toThrow(/scheduler_config\.json: there is no such file/)
  })
})

describe('averaged weights', () => {
  const tensors = new Map([...stateDict(LATENT)])
  for (const [name, tensor] of LATENT.unet)
    tensors.set(`model_ema.diffusion_model${name.replaceAll('.', '')}`, {
      ...tensor,
      data: tensor.data.slice().fill(0)
    })

  it('are taken where a checkpoint has them', () => {
    const [first] = latentStates(tensors)?.unet.values() ?? []
    expect(new Set(first.data)).toEqual(new Set([0]))
  })

  it('of some layers alone are an error that lists the others', () => {
    const some = new Map(tensors)
    some.delete('model_ema.diffusion_modelout2weight')
    expect(() => latentStates(some)).toThrow(/averaged weights, but not of out\.2\.weight/)
  })
})
