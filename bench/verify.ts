/**
 * What it costs to check a compiled network before it runs: seconds from opening it until its first answer, checked and unchecked, and
 * how much longer by the clock and by the processors' time, as Markdown. Each start is a process of its own, and the two take turns. `--only NAME` takes one network, `--rounds N` (default 5).
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { record } from '../src/engines/onnx/compile.js'
import { compiledGraph } from '../src/engines/onnx/compiled.js'
import { openSession } from '../src/engines/onnx/session.js'
import { INPUTS, denoisingRecipe, type Network } from '../src/networks/network.js'
import { networkOf } from '../src/networks/registry.js'
import { filled } from './filled.js'

const networks: Record<string, () => Network> = {
  'shapes16: the default experiment': () =>
    networkOf({
      ...{ model_type: 'SongUNet', img_channels: 3, img_resolution: 16, model_channels: 32, channel_mult: [1, 2] },
      ...{ num_blocks: 1, attn_resolutions: [8] }
    }),
  'CIFAR-10: EDM DDPM++ 32': () =>
    networkOf({
      ...{ model_type: 'SongUNet', img_channels: 3, img_resolution: 32, model_channels: 128, channel_mult: [2, 2, 2] },
      ...{ num_blocks: 4, attn_resolutions: [16] }
    }),
  'ImageNet 64: EDM ADM': () => networkOf({ img_resolution: 64, img_channels: 3, label_dim: 1000 })
}
const MODES = ['unchecked', 'checked'] as const

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    within: { type: 'string' },
    folder: { type: 'string' },
    mode: { type: 'string' }
  }
})
if (values.within !== undefined && values.folder !== undefined) await start(values.within, values.folder, values.mode)
else {
  console.log(
    '| network | weights | unchecked | checked | longer | processor time |\n| --- | --- | --- | --- | --- | --- |'
  )
  for (const name of Object.keys(networks))
    if (values.only === undefined || values.only === name) compare(name, Number(values.rounds))
}

function compare(name: string, rounds: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'epd-bench-'))
  try {
    child(name, folder, 'compile')
    const times = MODES.map(() => new Array<Times>())
    for (let round = 0; round < rounds; round++)
      for (const i of round % 2 === 0 ? [0, 1] : [1, 0]) times[i].push(child(name, folder, MODES[i]))
    const [unchecked, checked] = times.map(some => median(some.map(({ wall }) => wall)))
    const longer = (of: (times: Times) => number) =>
      `${(100 * median(times[1].map((time, i) => of(time) / of(times[0][i]) - 1))).toFixed(1)} %`
    const bytes = readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
    const cells = [
      name,
      `${(bytes / 1e6).toFixed(1)} MB`,
      seconds(unchecked),
      seconds(checked),
      longer(({ wall }) => wall),
      longer(({ processors }) => processors)
    ]
    console.log(`| ${cells.join(' | ')} |`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Times {
  readonly wall: number
  readonly processors: number
}

function processors(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function child(name: string, folder: string, mode: string): Times {
  const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--within', name, '--folder', folder, '--mode', mode]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const [wall, processors] = stdout.split(' ').map(Number)
  return { wall, processors }
}

/** Prints how many milliseconds it took, by the clock and of all processors. */
async function start(name: string, folder: string, mode: string | undefined): Promise<void> {
  const network = networks[name]()
  const recipe = denoisingRecipe(network)
  const [begun, before] = [performance.now(), processors()]
  const { graph, open } = await compiledGraph({
    ...{ folder, name: 'network' },
    make: () => Promise.resolve(record(recipe, filled(recipe)))
  })
  const session = await (mode === 'checked' ? open() : openSession({ path: join(folder, `${graph}.onnx`) }))
  const { size, inChannels, labelDim } = network
  await session.run([
    {
      ...{ name: INPUTS.x, shape: [1, inChannels, ...size] },
      data: new Float32Array(inChannels * size[0] * size[1])
    },
    { name: INPUTS.noise, shape: [1, 1], data: new Float32Array(1) },
    ...(labelDim > 0 ? [{ name: INPUTS.labels, shape: [1, labelDim], data: new Float32Array(labelDim) }] : [])
  ])
  process.stdout.write(`${performance.now() - begun} ${processors() - before}`)
  await session.close()
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`
}
