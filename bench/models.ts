/**
 * Networks in full size with weights by the fill rule: parameters, seconds to compile, seconds of one evaluation, peak memory,
 * as Markdown. Each in a process of its own. `--only NAME` takes one.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { record, writeGraph } from '../src/engines/onnx/compile.js'
import type { Recipe } from '../src/engines/recipe.js'
import { openSession } from '../src/engines/onnx/session.js'
import type { Feed } from '../src/engines/session.js'
import { inceptionRecipe } from '../src/metrics/inception.js'
import { filled } from './filled.js'
import { denoisingRecipe, networkOf, type Network } from '../src/networks/network.js'

const song = { model_type: 'SongUNet', img_channels: 3, model_channels: 128, num_blocks: 4, attn_resolutions: [16] }
const guided = { model_type: 'UNetModel', num_head_channels: 64, resblock_updown: true, model_channels: 256 }
const levels256 = {
  ...{ image_size: 256, channel_mult: [1, 1, 2, 2, 4, 4], num_res_blocks: 2, attention_resolutions: [8, 16, 32] }
}
const networks: Record<string, () => Network> = {
  'CIFAR-10: EDM DDPM++ 32': () => networkOf({ ...song, img_resolution: 32, channel_mult: [2, 2, 2] }),
  'FFHQ, AFHQv2: EDM DDPM++ 64': () => networkOf({ ...song, img_resolution: 64, channel_mult: [1, 2, 2, 2] }),
  'ImageNet 64: EDM ADM': () => networkOf({ img_resolution: 64, img_channels: 3, label_dim: 1000 }),
  'LSUN Bedroom 256: consistency models': () => networkOf({ ...guided, ...levels256, flat_attention: false }),
  'ImageNet 256: guided-diffusion': () => networkOf({ ...guided, ...levels256, out_channels: 6, num_classes: 1000 })
}
const INCEPTION = 'Inception-v3, 32'

const { values } = parseArgs({ options: { only: { type: 'string' }, within: { type: 'string' } } })
if (values.within !== undefined) await measure(values.within)
else {
  console.log('| network | parameters | compiled in | one evaluation | peak memory |\n| --- | --- | --- | --- | --- |')
  for (const name of [...Object.keys(networks), INCEPTION]) {
    if (values.only !== undefined && values.only !== name) continue
    const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--within', name]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    process.stdout.write(status === 0 ? stdout : `| ${name} | ${stderr.trim().split('\n').at(-1) ?? 'failed'} |\n`)
  }
}

async function measure(name: string): Promise<void> {
  const { recipe, feeds } = name === INCEPTION ? inception() : denoiser(networks[name]())
  const folder = mkdtempSync(join(tmpdir(), 'epd-bench-'))
  try {
    const tensors = filled(recipe)
    const parameters = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength / 4, 0)
    const begun = performance.now()
    const { path } = await writeGraph(record(recipe, tensors), folder)
    const compiled = performance.now()
    const session = await openSession({ path })
    const answer = await session.run(feeds)
    if (!answer.every(Number.isFinite)) throw new Error('the answer is not finite')
    await session.close()
    const peak = /VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    const cells = [
      ...[name, `${(parameters / 1e6).toFixed(1)} M`, `${((compiled - begun) / 1000).toFixed(1)} s`],
      ...[`${(session.elapsed() / 1000).toFixed(2)} s`, `${(Number(peak) / 1e6).toFixed(1)} GB`]
    ]
    console.log(`| ${cells.join(' | ')} |`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function denoiser(network: Network): { recipe: Recipe; feeds: Feed[] } {
  const { inChannels, resolution, labelDim } = network
  const size = inChannels * resolution ** 2
  const x = { name: 'x', shape: [1, inChannels, resolution, resolution], data: new Float32Array(size).fill(0.1) }
  const noise = { name: 'noise', shape: [1, 1], data: Float32Array.of(1) }
  const labels = { name: 'labels', shape: [1, labelDim], data: new Float32Array(labelDim) }
  return { recipe: denoisingRecipe(network), feeds: labelDim > 0 ? [x, noise, labels] : [x, noise] }
}

function inception(): { recipe: Recipe; feeds: Feed[] } {
  const x = { name: 'x', shape: [1, 3, 32, 32], data: new Float32Array(3 * 32 * 32).fill(128) }
  return { recipe: inceptionRecipe([32, 32], 'tensorflow'), feeds: [x] }
}
