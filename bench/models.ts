/**
 * Networks in full size with weights by the fill rule: parameters, seconds to compile, seconds of one evaluation, peak
 * memory, as Markdown. Each in a process of its own. `--only NAME` takes one.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { record, writeGraph } from '../src/engines/onnx/compile.js'
import type { Recipe } from '../src/engines/recipe.js'
import { openSession } from '../src/engines/onnx/session.js'
import type { Feed } from '../src/engines/session.js'
import { inceptionRecipe } from '../src/metrics/inception.js'
import { filled } from '../test/support/filled.js'
import { safetensorsHeader } from '../src/checkpoints/safetensors.js'
import { openModel } from '../src/models/open.js'
import { decoderRecipe, type DecoderConfig } from '../src/networks/autoencoder.js'
import { clipTextRecipe, type ClipTextConfig } from '../src/networks/clip.js'
import { denoisingRecipe, type Network } from '../src/networks/network.js'
import { networkOf } from '../src/networks/registry.js'

const song = { model_type: 'SongUNet', img_channels: 3, model_channels: 128, num_blocks: 4, attn_resolutions: [16] }
const guided = { model_type: 'UNetModel', num_head_channels: 64, resblock_updown: true, model_channels: 256 }
const levels256 = {
  ...{ image_size: 256, channel_mult: [1, 1, 2, 2, 4, 4], num_res_blocks: 2, attention_resolutions: [8, 16, 32] }
}
const unet = { model_type: 'UNetModel', use_scale_shift_norm: false, num_res_blocks: 2, image_size: 64 }
const latent = {
  ...{ ...unet, in_channels: 3, model_channels: 224, channel_mult: [1, 2, 3, 4] },
  ...{ attention_resolutions: [8, 4, 2], num_head_channels: 32 }
}
const stable = {
  ...{ ...unet, in_channels: 4, model_channels: 320, channel_mult: [1, 2, 4, 4] },
  ...{ attention_resolutions: [4, 2, 1], num_heads: 8, context_dim: 768, context_tokens: 77 }
}
const textConfig: ClipTextConfig = {
  ...{ width: 768, layers: 12, heads: 12, inner: 3072, vocabulary: 49408, tokens: 77 },
  activation: 'quick_gelu'
}
const networks: Record<string, () => Network> = {
  'CIFAR-10: EDM DDPM++ 32': () => networkOf({ ...song, img_resolution: 32, channel_mult: [2, 2, 2] }),
  'FFHQ, AFHQv2: EDM DDPM++ 64': () => networkOf({ ...song, img_resolution: 64, channel_mult: [1, 2, 2, 2] }),
  'ImageNet 64: EDM ADM': () => networkOf({ img_resolution: 64, img_channels: 3, label_dim: 1000 }),
  'LSUN Bedroom 256: consistency models': () => networkOf({ ...guided, ...levels256, flat_attention: false }),
  'ImageNet 256: guided-diffusion': () => networkOf({ ...guided, ...levels256, out_channels: 6, num_classes: 1000 }),
  'LSUN Bedroom 256: latent diffusion': () => networkOf(latent),
  'Stable Diffusion 1.5, 512': () => networkOf(stable)
}
const others: Record<string, () => { recipe: Recipe; feeds: Feed[] }> = {
  'VQ-f4 decoder, 256': () => decoder({ channels: [128, 256, 512], latentChannels: 3, zChannels: 3, codes: 8192 }),
  'KL-f8 decoder, 512': () => decoder({ channels: [128, 256, 512, 512], latentChannels: 4, zChannels: 4 }),
  'CLIP ViT-L/14 text encoder': () => ({
    recipe: clipTextRecipe(textConfig),
    feeds: [{ name: 'tokens', shape: [1, 77], data: new Float32Array(77).fill(7) }]
  }),
  'Inception-v3, 32': inception
}
/**
 * All of Stable Diffusion 1.5 in one file of 4.3 GB: written, opened as a checkpoint, one prompt encoded, evaluated and
 * decoded.
 */
const WHOLE = 'Stable Diffusion 1.5 as .safetensors'

const { values } = parseArgs({
  options: { only: { type: 'string' }, within: { type: 'string' }, write: { type: 'string' } }
})
if (values.within !== undefined) await measure(values.within)
else if (values.write !== undefined) writeWhole(values.write)
else {
  console.log('| network | parameters | compiled in | one evaluation | peak memory |\n| --- | --- | --- | --- | --- |')
  for (const name of [...Object.keys(networks), ...Object.keys(others), WHOLE]) {
    if (values.only !== undefined && values.only !== name) continue
    const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--within', name]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    process.stdout.write(status === 0 ? stdout : `| ${name} | ${stderr.trim().split('\n').at(-1) ?? 'failed'} |\n`)
  }
}

async function measure(name: string): Promise<void> {
  if (name === WHOLE) return whole()
  const { recipe, feeds } = name in others ? others[name]() : denoiser(networks[name]())
  const folder = mkdtempSync(join(tmpdir(), 'epd-bench-'))
  try {
    const tensors = filled(recipe)
    const parameters = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength / 4, 0)
    const begun = performance.now()
    const { path } = await writeGraph(record(recipe, tensors), folder)
    const compiled = performance.now()
    const session = await openSession({ path })
    const answer = await session.run(feeds)
    if (!answer.every(output => output.every(Number.isFinite))) throw new Error('the answer is not finite')
    await session.close()
    row(name, parameters, compiled - begun, session.elapsed())
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function row(name: string, parameters: number, compiled: number, evaluated: number): void {
  const peak = /VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  const cells = [
    ...[name, `${(parameters / 1e6).toFixed(1)} M`, `${(compiled / 1000).toFixed(1)} s`],
    ...[`${(evaluated / 1000).toFixed(2)} s`, `${(Number(peak) / 1e6).toFixed(1)} GB`]
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

/** The file is written by a process of its own, whose memory is not counted. */
async function whole(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'epd-bench-'))
  try {
    const checkpoint = join(folder, 'model.safetensors')
    const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--write', checkpoint]
    const parameters = Number(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout)
    const begun = performance.now()
    const model = await openModel({ checkpoint, cacheDir: folder, engine: 'onnx', provider: 'cpu' })
    const opened = performance.now()
    const x = new Float64Array(4 * 64 * 64).fill(0.1)
    const denoised = await model.denoise(x, Float64Array.of(1), { prompts: ['a'] })
    const evaluated = performance.now()
    await model.decoder?.decode(denoised, 1)
    await model.close()
    row(WHOLE, parameters, opened - begun, evaluated - opened)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A stand-in for the published file: all names and shapes, weights by the fill rule. */
function writeWhole(checkpoint: string): void {
  const parts = [
    ['model.diffusion_model.', filled(denoisingRecipe(networkOf(stable)))],
    ['first_stage_model.', filled(others['KL-f8 decoder, 512']().recipe)],
    ['cond_stage_model.transformer.', filled(clipTextRecipe(textConfig))]
  ] as const
  const tensors = new Map(parts.flatMap(([prefix, part]) => [...part].map(([name, tensor]) => [prefix + name, tensor])))
  const file = openSync(checkpoint, 'w')
  const header = safetensorsHeader(tensors)
  writeSync(file, header)
  for (const { data } of tensors.values()) for (let at = 0; at < data.length;) at += writeSync(file, data, at)
  closeSync(file)
  const tokenizer = {
    vocab: Object.fromEntries(['a</w>', '<|startoftext|>', '<|endoftext|>'].map((word, i) => [word, i]))
  }
  writeFileSync(join(dirname(checkpoint), 'vocab.json'), JSON.stringify(tokenizer.vocab))
  writeFileSync(join(dirname(checkpoint), 'merges.txt'), '#version: 0.2\n')
  console.log([...tensors.values()].reduce((sum, { data }) => sum + data.byteLength / 4, 0))
}

function decoder(config: Pick<DecoderConfig, 'channels' | 'latentChannels' | 'zChannels' | 'codes'>) {
  const { latentChannels, channels } = config
  const recipe = decoderRecipe({
    ...{ numBlocks: 2, attention: channels.map(() => false), outChannels: 3, groups: 32 },
    ...{ size: [64, 64], ...config }
  })
  const data = new Float32Array(latentChannels * 64 * 64).fill(0.1)
  return { recipe, feeds: [{ name: 'latents', shape: [1, latentChannels, 64, 64], data }] }
}

function denoiser(network: Network): { recipe: Recipe; feeds: Feed[] } {
  const { inChannels, size, labelDim, context } = network
  const count = inChannels * size[0] * size[1]
  const x = { name: 'x', shape: [1, inChannels, ...size], data: new Float32Array(count).fill(0.1) }
  const noise = { name: 'noise', shape: [1, 1], data: Float32Array.of(1) }
  const labels = { name: 'labels', shape: [1, labelDim], data: new Float32Array(labelDim) }
  const words = context && {
    ...{ name: 'context', shape: [1, context.tokens, context.width] },
    data: new Float32Array(context.tokens * context.width).fill(0.1)
  }
  const feeds = labelDim > 0 ? [x, noise, labels] : [x, noise]
  return { recipe: denoisingRecipe(network), feeds: words ? [...feeds, words] : feeds }
}

function inception(): { recipe: Recipe; feeds: Feed[] } {
  const x = { name: 'x', shape: [1, 3, 32, 32], data: new Float32Array(3 * 32 * 32).fill(128) }
  return { recipe: inceptionRecipe([32, 32], 'tensorflow'), feeds: [x] }
}
