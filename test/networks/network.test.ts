import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filled } from '../support/filled.js'
import { unwrapped } from '../../src/checkpoints/state-dict.js'
import type { Tensor } from '../../src/checkpoints/tensor.js'
import { record, writeGraph } from '../../src/engines/onnx/compile.js'
import { openSession } from '../../src/engines/onnx/session.js'
import { denoisingRecipe } from '../../src/networks/network.js'
import { networkOf } from '../../src/networks/registry.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-networks-'))
const song = {
  ...{ img_resolution: 8, img_channels: 2, model_type: 'SongUNet', model_channels: 8, channel_mult: [1, 2] },
  ...{ num_blocks: 1, attn_resolutions: [4] }
}
const dhariwal = { ...song, model_type: 'DhariwalUNet', label_dim: 3, attn_resolutions: [8, 4], model_channels: 64 }

/** The network's answer to two samples, the second all zeros. */
async function answer(kwargs: Record<string, unknown>, externalFrom?: number): Promise<Float32Array> {
  const network = networkOf(kwargs)
  const { path } = await writeGraph(
    record(denoisingRecipe(network), filled(denoisingRecipe(network))),
    mkdtempSync(join(folder, 'graph-')),
    externalFrom
  )
  const session = await openSession({ path, threads: 1 })
  const [height, width] = network.size
  const size = network.inChannels * height * width
  const x = Float32Array.from({ length: 2 * size }, (_, i) => (i < size ? Math.sin(i) : 0))
  const labels = { name: 'labels', shape: [2, network.labelDim], data: new Float32Array(2 * network.labelDim) }
  try {
    const [image] = await session.run([
      { name: 'x', shape: [2, network.inChannels, height, width], data: x },
      { name: 'noise', shape: [2, 1], data: Float32Array.of(0.3, -0.5) },
      ...(network.labelDim > 0 ? [labels] : [])
    ])
    return Float32Array.from(image)
  } finally {
    await session.close()
  }
}

describe('networks on the engine onnx', () => {
  const variants = ['standard', 'skip', 'residual'].flatMap(encoder_type =>
    ['standard', 'skip'].flatMap(decoder_type =>
      [
        [1, 1],
        [1, 3, 3, 1]
      ].map(resample_filter => ({ encoder_type, decoder_type, resample_filter }))
    )
  )
  it.each(variants)(
    'SongUNet with encoder $encoder_type, decoder $decoder_type, filter $resample_filter',
    async variant => {
      const [image, plain] = [await answer({ ...song, ...variant }), await answer(song)]
      expect(image.length).toBe(2 * 2 * 64)
      expect(image.every(Number.isFinite)).toBe(true)
      const isPlain =
        variant.encoder_type === 'standard' &&
        variant.decoder_type === 'standard' &&
        variant.resample_filter.length === 2
      expect(String(image) === String(plain)).toBe(isPlain)
    }
  )

  it('DhariwalUNet with classes', async () => {
    const image = await answer(dhariwal)
    expect(image.length).toBe(2 * 2 * 64)
    expect(image.every(Number.isFinite)).toBe(true)
  })

  it('answers with the same bits when its weights stand in a file of their own', async () => {
    expect(await answer(song, 0)).toEqual(await answer(song))
  })

  it('lists every tensor that is missing, misshapen or left over', () => {
    const network = networkOf(song)
    const tensors = new Map<string, Tensor>(filled(denoisingRecipe(network)))
    tensors.delete('model.map_layer0.bias')
    tensors.set('model.map_layer1.bias', { ...tensors.get('model.map_layer1.bias')!, shape: [7] })
    tensors.set('model.stray', tensors.get('model.map_layer1.weight')!)
    expect(() => record(denoisingRecipe(network), tensors)).toThrow(
      "the checkpoint's tensors do not fit its SongUNet: model.map_layer0.bias (32) is missing; " +
        'model.map_layer1.bias is 7, not 32; model.stray is not part of it'
    )
  })
})

describe("a checkpoint's tensors", () => {
  const recipe = denoisingRecipe(networkOf(song))
  const message = (tensors: ReadonlyMap<string, Tensor>) => {
    try {
      record(recipe, tensors)
    } catch (error) {
      return error instanceof Error ? error.message : ''
    }
    return 'they fit'
  }

  it('that do not fit are the first ten and a count, in few words', () => {
    const stray = { kind: 'tensor', dtype: 'float32', shape: [0], data: new Uint8Array(0) } as const
    const strays = Array.from({ length: 500 }, (_, i) => [`${'deep.'.repeat(100)}stray${i}`, stray] as const)
    const whole = new Map<string, Tensor>(filled(recipe))
    const text = message(new Map([...whole, ...strays]))
    expect(text).toMatch(/: (deep\.){20}\.\.\. is not part of it; .*; and 490 more$/)
    expect(text.length).toBeLessThan(1500)
  })

  it.each(['int64', 'int8', 'uint8', 'bool'] as const)('of %s where numbers are needed are named', dtype => {
    const tensors = new Map<string, Tensor>(filled(recipe))
    tensors.set('model.map_layer0.bias', { ...tensors.get('model.map_layer0.bias')!, dtype })
    expect(message(tensors)).toContain(`: model.map_layer0.bias is of ${dtype}, not of floating-point numbers`)
  })

  it('that nothing is computed from may be there', () => {
    const count = { kind: 'tensor', dtype: 'int64', shape: [], data: new Uint8Array(8) } as const
    const tensors = new Map<string, Tensor>(filled(recipe))
    tensors.set('model.norm.num_batches_tracked', count).set('position_ids', count)
    expect(message(tensors)).toBe('they fit')
  })

  it('are called what the file calls them, before wrappers were cut off', () => {
    const inFile = new Map([...filled(recipe)].map(([name, tensor]) => [`module._orig_mod.${name}`, tensor]))
    inFile.delete('module._orig_mod.model.map_layer1.bias')
    inFile.set('module._orig_mod.stray', inFile.get('module._orig_mod.model.map_layer0.bias')!)
    expect(message(unwrapped(inFile))).toBe(
      "the checkpoint's tensors do not fit its SongUNet: module._orig_mod.model.map_layer1.bias (32) is missing; " +
        'module._orig_mod.stray is not part of it'
    )
  })
})

describe("a network's bottleneck", () => {
  const kwargs = { ...song, channel_mult: [1, 2, 2] }
  const network = networkOf(kwargs)
  const recipe = denoisingRecipe(network)

  /** Both outputs, with the weights of the layers that a pattern names set to half. */
  async function outputs(halved = /^$/): Promise<Float32Array[]> {
    const tensors = new Map<string, Tensor>(filled(recipe))
    for (const [name, tensor] of tensors)
      if (halved.test(name)) {
        const values = new Float32Array(tensor.data.slice().buffer).map(value => value / 2)
        tensors.set(name, { ...tensor, data: new Uint8Array(values.buffer) })
      }
    const { path } = await writeGraph(record(recipe, tensors), mkdtempSync(join(folder, 'bottleneck-')))
    const session = await openSession({ path, threads: 1 })
    const x = Float32Array.from({ length: 128 }, (_, i) => Math.sin(i))
    try {
      const answers = await session.run([
        { name: 'x', shape: [1, 2, 8, 8], data: x },
        { name: 'noise', shape: [1, 1], data: Float32Array.of(0.3) }
      ])
      return answers.map(data => Float32Array.from(data))
    } finally {
      await session.close()
    }
  }

  it('is what the encoder ends with: no layer of the decoder changes it, the last of the encoder does', async () => {
    const [image, features] = await outputs()
    expect(features).toHaveLength(network.bottleneckPixels)
    const [decoded, same] = await outputs(/^model\.dec\..*weight$/)
    expect(same).toEqual(features)
    expect(decoded).not.toEqual(image)
    const [, changed] = await outputs(/^model\.enc\.2x2_block0\.conv1\.weight$/)
    expect(changed).not.toEqual(features)
  })
})

describe('networkOf', () => {
  it.each([
    [
      { model_type: 'Transformer' },
      /model_type must be SongUNet or DhariwalUNet or UNetModel or UNet2DModel or UNet2DConditionModel, found "Transformer"/
    ],
    [{ encoder_type: 'wavelet' }, /encoder_type must be standard or skip or residual/],
    [{ img_resolution: 'big' }, /img_resolution must be a whole number, found "big"/],
    [{ img_resolution: 2 ** 21 }, /img_resolution must be a whole number up to 1048576, found 2097152/],
    [{ num_blocks: 101 }, /num_blocks must be a whole number up to 100, found 101/],
    [{ channel_mult: [1, -2] }, /channel_mult must be a list of whole numbers/],
    [{ channel_mult: [1, 2 ** 21] }, /channel_mult must be a list of whole numbers up to 1048576/]
  ])('refuses %j', (wrong, message) => {
    expect(() => networkOf({ ...song, ...wrong })).toThrow(message)
  })
})

describe('arguments that make no network', () => {
  it.each([
    [{ channel_mult: [1, 65536] }, /tensors do not fit its SongUNet: .* is missing/],
    [{ channel_mult: [0, 2] }, /tensors do not fit its SongUNet: .* is missing/],
    [{ img_resolution: 2 ** 20, model_channels: 2 ** 20 }, /tensors do not fit its SongUNet: .* is missing/]
  ])('are told by the tensors that are missing: %j', (wrong, message) => {
    const recipe = denoisingRecipe(networkOf({ ...song, ...wrong }))
    expect(() => record(recipe, new Map())).toThrow(message)
  })
})

describe("guided-diffusion's heads", () => {
  const guided = {
    ...{ model_type: 'UNetModel', image_size: 8, model_channels: 32, channel_mult: [1, 2], num_res_blocks: 1 },
    attention_resolutions: [2]
  }

  it.each([
    [{ num_head_channels: 48 }, /num_head_channels is 48, which does not divide 64 channels/],
    [{ num_heads: 3 }, /num_heads is 3, which does not divide 64 channels/]
  ])('%j is refused by its name', (wrong, message) => {
    expect(() => filled(denoisingRecipe(networkOf({ ...guided, ...wrong })))).toThrow(message)
  })
})

describe('openSession', () => {
  it('says what ONNX Runtime has against a graph', async () => {
    await expect(openSession({ path: join(folder, 'none.onnx') })).rejects.toMatchObject({ code: 'engine-failed' })
  })

  it('says what is wrong with an input and stays usable', async () => {
    const network = networkOf(song)
    const { path } = await writeGraph(record(denoisingRecipe(network), filled(denoisingRecipe(network))), folder)
    const session = await openSession({ path, threads: 1 })
    const feeds = (batch: number) => [
      { name: 'x', shape: [batch, 2, 8, 8], data: new Float32Array(batch * 128) },
      { name: 'noise', shape: [1, 1], data: new Float32Array(1) }
    ]
    await expect(session.run(feeds(3).slice(1))).rejects.toMatchObject({ code: 'engine-failed' })
    expect((await session.run(feeds(1))).map(({ length }) => length)).toEqual([128, 16])
    expect(session.elapsed()).toBeGreaterThan(0)
    await session.close()
    await expect(session.run(feeds(1))).rejects.toThrow(/its thread has ended/)
  })
})
