import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { moduleTensors } from '../../src/checkpoints/module-state.js'
import { readNetworkCheckpoint, type NetworkOptions } from '../../src/checkpoints/network.js'
import { toFloat32, type NetworkCheckpoint, type Tensor } from '../../src/checkpoints/tensor.js'
import { latentStates } from '../../src/checkpoints/compvis.js'
import { writeZip } from '../../src/checkpoints/zip.js'
import { fixture, pickle, read, safetensors } from './fixtures.js'

/** Reads a file of these bytes, with a config beside it if one is given. */
function reading(bytes: Uint8Array | string, config?: string, options?: NetworkOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'epd-network-'))
  const file = join(folder, 'net')
  writeFileSync(file, bytes)
  if (config !== undefined) writeFileSync(join(folder, 'config.json'), config)
  return readNetworkCheckpoint(file, options)
}

const failing = async (bytes: Uint8Array | string, config?: string) =>
  reading(bytes, config).then(
    () => 'it was read',
    (error: unknown) => `${(error as { code: string }).code}: ${(error as Error).message.replace(/\S*\//g, '')}`
  )

/** Whether tensors are those of guided-diffusion's U-Net. */
const isTold = (tensors: NetworkCheckpoint['tensors']) => tensors.has('time_embed.0.weight')
const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] }
const weights = safetensors({ 'conv.weight': entry }, new Uint8Array(4))
const map = (...items: string[]) => `}(${items.join('')}u`
const text = (value: string) => `X${String.fromCharCode(value.length)}\x00\x00\x00${value}`
/** An object of a class with a state. */
const module = (state: string) => `cm\nModule\n)\x81${state}b`

describe('a file that PyTorch Lightning saved', () => {
  const bytes = fixture('checkpoints/lightning.ckpt')

  it.each([
    ['as it is', bytes],
    ['alone in a zip, as latent diffusion is published', writeZip(new Map([['model.ckpt', bytes]]))]
  ])('%s is the tensors of its state dict', async (_, file) => {
    const read = await reading(file)
    expect('className' in read).toBe(false)
    expect([...read.tensors.keys()]).toContain('model_ema.diffusion_modelout2weight')
    const states = latentStates(read.tensors)
    expect([...(states?.unet.keys() ?? [])]).toEqual(['out.2.weight'])
    const averages = Buffer.from(new Float32Array(6).fill(2).buffer)
    expect(states?.unet.get('out.2.weight')).toEqual({
      kind: 'tensor',
      dtype: 'float32',
      shape: [2, 3],
      data: averages
    })
    expect(states?.firstStage.size).toBe(0)
  })
})

describe('the network of a checkpoint', () => {
  it('of an EDM snapshot is its moving average, with the names of its state dict', async () => {
    const network = await reading(fixture('edm/ddpmpp-uncond.pkl'))
    expect(network).toMatchObject({
      className: 'EDMPrecond',
      initKwargs: { model_type: 'SongUNet', img_channels: 3 }
    })
    expect([...network.tensors.keys()]).toContain('model.map_layer0.weight')
  })

  it('of safetensors is described by the config.json beside it', async () => {
    const config = '{ "class_name": "EDMPrecond", "init_kwargs": { "img_resolution": 8 } }'
    const network = await reading(weights, config)
    expect(network).toMatchObject({ className: 'EDMPrecond', initKwargs: { img_resolution: 8 } })
    expect([...network.tensors.keys()]).toEqual(['conv.weight'])
  })

  it.each([
    ['no config.json', undefined, 'checkpoint-missing: config.json: cannot be read; net needs it beside it'],
    ['a config that is no JSON', '{', 'checkpoint-invalid: config.json: is not a JSON object'],
    [
      'a config of something else',
      '{}',
      'checkpoint-invalid: config.json: needs class_name (a text) and init_kwargs (a mapping)'
    ]
  ])('of safetensors with %s says what to put there', async (_, config, message) => {
    expect(await failing(weights, config)).toBe(message)
  })

  it('of safetensors needs no config.json where its tensors tell what it is', async () => {
    const guided = safetensors({ 'module.time_embed.0.weight': entry }, new Uint8Array(4))
    const read = await reading(guided, undefined, { isTold })
    expect('className' in read).toBe(false)
    expect([...read.tensors.keys()]).toEqual(['time_embed.0.weight'])
  })

  it.each([
    [
      'a LoRA',
      'lora_te_text_model.lora_down.weight',
      'a LoRA, which changes another model, which is not supported; merge it'
    ],
    ['a VAE', 'decoder.up.0.block.0.conv1.weight', 'an autoencoder (VAE) alone, which is not supported'],
    ['SDXL', 'conditioner.embedders.0.x', 'Stable Diffusion XL (conditioner.*), which is not supported']
  ])('of %s is refused by what it is', async (_, name, what) => {
    expect(await failing(safetensors({ [name]: entry }, new Uint8Array(4)))).toContain(
      `model-invalid: net: it holds ${what}`
    )
  })

  it('of a file that holds several is the one that weights name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'epd-weights-'))
    const place = (from: number) => ({ ...entry, data_offsets: [from, from + 4] })
    const data = new Uint8Array(new Float32Array([1, 2]).buffer)
    const file = join(folder, 'net.safetensors')
    const names = { 'net.time_embed.0.weight': place(0), 'ema.time_embed.0.weight': place(4) }
    writeFileSync(file, safetensors(names, data))
    const { tensors } = await readNetworkCheckpoint(file, { weights: 'ema', isTold })
    expect([...toFloat32(tensors.get('time_embed.0.weight')!)]).toEqual([2])
    await expect(readNetworkCheckpoint(file)).rejects.toThrow(
      'holds several networks, net (1 tensors), ema (1 tensors)'
    )
  })

  it('beside what training scripts keep is read, optimizers and all', async () => {
    const { tensors } = await reading(fixture('checkpoints/extras.pt'))
    expect([...tensors.keys()]).toEqual(['conv.weight', 'conv.bias'])
  })

  it('of a state dict alone is its tensors, and what a config.json beside it says', async () => {
    const dict = fixture('checkpoints/tensors.pt')
    expect(Object.keys(await reading(dict))).toEqual(['tensors'])
    expect(Object.keys(await reading(dict, '{ "of": "something else" }'))).toEqual(['tensors'])
    const config = '{ "class_name": "KarrasDenoiser", "init_kwargs": {} }'
    expect(await reading(dict, config)).toMatchObject({ className: 'KarrasDenoiser', initKwargs: {} })
  })

  it.each([
    ['an empty file', '', 'it is empty'],
    ['a web page', '\n<!DOCTYPE html><html>Sign in</html>', 'it is a web page'],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:00', 'it is a Git LFS pointer'],
    ['a picture', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]), 'it begins with the bytes ffd8ffe0']
  ])('in %s: says what it is', async (_, bytes, what) => {
    expect(await failing(bytes)).toBe(
      `checkpoint-invalid: net: is not a checkpoint (${what}); expected a .zip of one .ckpt, a PyTorch file, a pickle or safetensors`
    )
  })

  it.each([
    ['a number', 'K\x01', 'a number'],
    ['nothing', 'N', 'nothing (None)'],
    ['a list', '](K\x01K\x02e', 'a list of 2'],
    ['an empty dictionary', '}', 'an empty dictionary'],
    ['an object', 'cm\nThing\n)\x81', 'an object of m.Thing'],
    ['a dictionary of nothing', map(text('net'), 'N', text('lr'), 'K\x01'), 'a dictionary of net, lr'],
    [
      'a dictionary of many things',
      map(...Array.from({ length: 12 }, (_, i) => `${text(`k${i}`)}N`)),
      'a dictionary of k0, k1, k2, k3, k4, k5, k6, k7, k8, k9 and 2 more'
    ]
  ])('in a pickle of %s: says what it holds and what was expected', async (_, body, what) => {
    expect(await failing(pickle(body))).toBe(
      `checkpoint-invalid: net: no network in it; it holds ${what}, where a state dict (names of layers with their tensors, by itself or under a key), a saved module or an EDM snapshot's "ema" was expected`
    )
  })

  it('in a pickle of a network without arguments: says what was expected', async () => {
    expect(await failing(pickle(map(text('ema'), module('}'))))).toBe(
      'checkpoint-invalid: net: a network without its arguments; expected an EDM snapshot with a network under "ema"'
    )
  })

  it.each([
    [
      'modules',
      `${module('}q\x00')}q\x01`,
      (inner: string) => module(map(text('_modules'), map(text('a'), inner, text('b'), inner)))
    ],
    ['arguments', ']', (inner: string) => `](${inner}${inner}e`]
  ])('of %s that hold one another many times over is refused', async (what, leaf, around) => {
    let body = `${leaf}q\x02`
    for (let level = 0; level < 40; level++) body += `0${around('h\x02')}q\x02`
    const modules = what === 'modules' ? map(text('m'), 'h\x02') : '}'
    const kwargs = what === 'arguments' ? map(text('k'), 'h\x02') : '}'
    const network = module(map(text('_init_kwargs'), kwargs, text('_modules'), modules))
    expect(await failing(pickle(`${body}0${map(text('ema'), network)}`))).toContain(
      'a network of more parts than any has'
    )
  })
})

describe('the tensors of a saved module', () => {
  it.each([
    ["TorchScript's archive", 'scripted.pt'],
    ['a pickle of an object that holds the archive', 'scripted-held.pkl'],
    ['a pickle that would load the archive', 'scripted-loaded.pkl']
  ])('come from %s, under the names of its state dict', (_, name) => {
    const tensors = moduleTensors(read(fixture(`checkpoints/${name}`)), name) ?? new Map<string, Tensor>()
    expect([...tensors.keys()]).toEqual([
      'layers.conv.weight',
      'layers.conv.beta',
      'layers.conv_1.weight',
      'layers.conv_1.beta'
    ])
    const weight = tensors.get('layers.conv.weight')
    expect(weight?.shape).toEqual([1, 2, 1, 1])
    expect(weight && [...toFloat32(weight)]).toEqual([0, 1])
  })

  it('are none in what is no module', () => {
    expect(moduleTensors(read(pickle('N')), 'none.pkl')).toBeUndefined()
    expect(moduleTensors(read(pickle(module(map()))), 'none.pkl')).toBeUndefined()
  })

  it('are an error where the archive is damaged', () => {
    expect(() => moduleTensors(read(pickle('C\x04PK\x03\x04')), 'net.pkl')).toThrow(
      'net.pkl: the zip archive is cut off or damaged'
    )
  })
})
