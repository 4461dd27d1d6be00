import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { latents } from '../../src/random/latents.js'
import { openModel, type Model } from '../../src/models/open.js'
import { solve } from '../../src/solvers/solve.js'
import { schedule } from '../../src/solvers/schedule.js'
import { largestDifference } from '../networks/reference.js'
import { filled } from '../../bench/filled.js'
import { latentStates } from '../../src/checkpoints/compvis.js'
import { readComponent } from '../../src/checkpoints/diffusers.js'
import { nameInFile } from '../../src/checkpoints/origin.js'
import { encodeSafetensors } from '../../src/checkpoints/safetensors.js'
import { unetTensors } from '../../src/networks/diffusers.js'
import { denoisingRecipe, networkOf } from '../../src/networks/network.js'
import { ddpm, LATENT, SIDE, STABLE, STABLE_2, stateDict, writeCompVis, writeDdpm, writeDiffusers } from './latent.js'

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
  it('answers as the network of its arguments does with the weights by our names', async () => {
    const folderOfOurs = at('ours')
    mkdirSync(folderOfOurs)
    writeFileSync(
      join(folderOfOurs, 'model.safetensors'),
      encodeSafetensors(filled(denoisingRecipe(networkOf(ddpm))), {})
    )
    const initKwargs = {
      ...ddpm,
      predicts: 'epsilon',
      betas: { schedule: 'linear', start: 1e-4, end: 0.02, steps: 1000 }
    }
    writeFileSync(
      join(folderOfOurs, 'config.json'),
      JSON.stringify({ class_name: 'Stepwise', init_kwargs: initKwargs })
    )
    const answers = [writeDdpm(at('ddpm')), join(folderOfOurs, 'model.safetensors')].map(async path => {
      const model = await open(path)
      const x = latents({ seeds: [0, 1], shape: model.shape })
      const denoised = await model.denoise(x, Float64Array.of(0.5, 7))
      await model.close()
      return denoised
    })
    const [found, expected] = await Promise.all(answers)
    expect(found.some(value => Math.abs(value) > 0.1)).toBe(true)
    expect(largestDifference(found, expected)).toBeLessThan(1e-4)
  })

  it.each([
    ['act_fn', 'gelu'],
    ['time_embedding_type', 'fourier'],
    ['class_embed_type', 'timestep'],
    ['down_block_types', ['ResnetDownsampleBlock2D', 'DownBlock2D']],
    ['resnet_time_scale_shift', 'spatial']
  ])('with a %s that is not supported is refused by its name', async (name, value) => {
    const path = writeDdpm(at(`ddpm-${name}`), { [name]: value })
    await expect(open(path)).rejects.toThrow(
      new RegExp(`config\\.json: ${name} (is|must be) .*${String(value).slice(0, 5)}|${name}`)
    )
    await expect(open(path)).rejects.toMatchObject({ code: 'model-invalid' })
  })

  it('lists tensors that are missing, left over or of another shape', async () => {
    const path = writeDdpm(at('ddpm-tensors'), { block_out_channels: [32, 96] })
    await expect(open(path)).rejects.toThrow(
      /do not fit its GuidedUNet: .*down_blocks\.1\.resnets\.0\.conv1\.weight is 64x32x3x3, not 96x32x3x3/
    )
  })

  it('calls each tensor what the file calls it, also one that is missing', async () => {
    const folder = writeDdpm(at('ddpm-names'))
    const component = await readComponent(folder)
    const tensors = await component.tensors()
    const ours = [...unetTensors(component, tensors).keys()]
    const missing = [...tensors.keys()].filter((name, i) => i % 7 === 0 || /(mid_block|sampler).*weight$/.test(name))
    for (const name of missing) {
      const left = unetTensors(component, new Map([...tensors].filter(([each]) => each !== name)))
      const [gone] = ours.filter(each => !left.has(each))
      expect(nameInFile(left, gone)).toBe(name)
    }
    expect(missing.length).toBeGreaterThan(20)
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
