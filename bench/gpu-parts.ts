/**
 * The parts of `npm run bench:gpu`, each in a process of its own: `tsx bench/gpu-parts.ts PART [ENGINE:PROVIDER]`
 * prints one line of JSON.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openNetwork } from '../src/engines/open.js'
import type { Runner } from '../src/engines/engine.js'
import { RUNNERS, type EngineOptions } from '../src/engines/registry.js'
import type { Feed, Numbers } from '../src/engines/session.js'
import { classifierConfig, classifierRecipe } from '../src/networks/guided-classifier.js'
import { denoisingRecipe } from '../src/networks/network.js'
import { networkOf } from '../src/networks/registry.js'
import { latents, latentsAndLabels } from '../src/random/latents.js'
import { openStore } from '../src/store/store.js'
import { examples, openExample, type Example } from '../test/support/networks.js'
import { filled } from '../test/support/filled.js'
import { python } from './peers.js'
import { median } from './report.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const peer = fileURLToPath(new URL('peers/gpu.py', import.meta.url))
const main = join(root, 'dist', 'cli', 'main.js')
const folder = () => mkdtempSync(join(tmpdir(), 'epd-gpu-'))
const CPU: EngineOptions = { engine: 'onnx', provider: 'cpu' }
const CIFAR = {
  ...{ model_type: 'SongUNet', img_resolution: 32, img_channels: 3, model_channels: 128, channel_mult: [2, 2, 2] },
  ...{ num_blocks: 4, attn_resolutions: [16] }
}

const parts: Readonly<Record<string, (runner: Runner) => object | Promise<object>>> = {
  parity,
  random,
  network,
  pytorch,
  experiment,
  cifar10,
  program
}
const [part, name] = process.argv.slice(2)
const runner = RUNNERS.find(one => one.name === name) ?? RUNNERS[0]
process.stdout.write(`${JSON.stringify(await parts[part](runner))}\n`)

/**
 * The largest difference of each network's answers from those of ONNX Runtime on the CPU, relative to the largest
 * answer of 1 or more: in single precision, where the engine has it in half precision, and of the gradient that
 * classifier guidance follows.
 */
async function parity(runner: Runner): Promise<object> {
  const found: Record<string, unknown> = {}
  const options = optionsOf(runner)
  const half = runner.provider.precisions.includes('float16')
  for (const [name, example] of Object.entries({ ...examples, 'gradient of a classifier': classifier() })) {
    const expected = await answers(example, CPU)
    found[name] = await compared(example, expected, options)
    if (half) found[`${name}, float16`] = await compared(example, expected, { ...options, precision: 'float16' })
  }
  return found
}

function optionsOf({ engine, provider }: Runner): EngineOptions {
  return { engine, provider: provider.name }
}

async function compared(example: Example, expected: readonly Numbers[], options: EngineOptions): Promise<unknown> {
  try {
    const found = await answers(example, options)
    return Math.max(...found.map((values, k) => difference(values, expected[k])))
  } catch (error) {
    return String(error)
  }
}

function difference(values: Numbers, expected: Numbers): number {
  if (values.length !== expected.length) return NaN
  let [most, scale] = [0, 1]
  for (let i = 0; i < values.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]))
    const apart = Math.abs(values[i] - expected[i])
    if (!(apart <= most)) most = apart
  }
  return most / scale
}

async function answers(example: Example, options: EngineOptions): Promise<readonly Numbers[]> {
  const opened = await openExample(example, folder(), options)
  const session = await opened.session()
  try {
    return await session.run(example.feeds(2))
  } finally {
    await opened.close()
  }
}

/** A classifier of noisy images by `adjoint`: the gradient of log p(class | x), and the logits. */
function classifier(): Example {
  const config = classifierConfig({
    ...{ resolution: 16, inChannels: 3, modelChannels: 64, channelMult: [1, 2], numBlocks: 1, classes: 3 },
    attentionDownsampling: [2]
  })
  const waves = (length: number, phase: number) =>
    Float32Array.from({ length }, (_, i) => Math.sin(0.7 * i + phase)) as Feed['data']
  return {
    recipe: classifierRecipe(config),
    feeds: batch => [
      { name: 'x', shape: [batch, 3, 16, 16], data: waves(batch * 768, 1) },
      { name: 'noise', shape: [batch, 1], data: waves(batch, 2) },
      { name: 'labels', shape: [batch, 3], data: waves(batch * 3, 3) }
    ]
  }
}

/** The latents of `generator: torch-cuda` beside those of a GPU: the largest difference, and how many bits agree. */
function random(): object {
  const seeds = [0, 1, 42, 50_000, 4_294_967_295]
  const found = []
  for (const shape of [
    [3, 16, 16],
    [3, 64, 64],
    [4, 128, 128]
  ]) {
    const theirs = ask({ random: { seeds, shape } })
    if ('failed' in theirs) return theirs
    const numbers = theirs.numbers as number[][]
    const ours = latents({ seeds, shape, generator: 'torch-cuda' })
    let [most, equal] = [0, 0]
    const size = ours.length / seeds.length
    numbers.forEach((row, k) => {
      row.forEach((value, i) => {
        const apart = Math.abs(value - ours[k * size + i])
        if (!(apart <= most)) most = apart
        if (apart === 0) equal++
      })
    })
    const labels = [...latentsAndLabels({ seeds, shape, generator: 'torch-cuda', labelDim: 10 }).labels]
    found.push({
      ...{ shape, largestDifference: most, equalBits: equal / ours.length },
      equalLabels: String(labels) === String(theirs.labels)
    })
  }
  return { found }
}

/** Milliseconds an image of the network of CIFAR-10 at each batch, the engine's own time and the whole call's. */
async function network(runner: Runner): Promise<object> {
  const described = networkOf(CIFAR)
  const recipe = denoisingRecipe(described)
  const tensors = filled(recipe)
  const found: Record<string, unknown> = {}
  const precisions = (['float32', 'float16'] as const).filter(one => runner.provider.precisions.includes(one))
  for (const precision of precisions) {
    const opened = await openNetwork({
      ...{ ...optionsOf(runner), precision, recipe, cacheDir: folder(), content: 'cifar10' },
      tensors: () => Promise.resolve(tensors)
    })
    const session = await opened.session()
    for (const batch of !runner.provider.gpu ? [1, 8] : [1, 8, 32, 128]) {
      const feeds = (): Feed[] => [
        { name: 'x', shape: [batch, 3, 32, 32], data: new Float32Array(batch * 3072).fill(0.1) },
        { name: 'noise', shape: [batch, 1], data: new Float32Array(batch) }
      ]
      const [engine, whole]: [number[], number[]] = [[], []]
      for (let i = 0; i < 8; i++) {
        const [before, begun] = [session.elapsed(), performance.now()]
        await session.run(feeds())
        engine.push((session.elapsed() - before) / batch)
        whole.push((performance.now() - begun) / batch)
      }
      found[`${precision}, batch ${batch}`] = { engine: median(engine.slice(2)), whole: median(whole.slice(2)) }
    }
    await opened.close()
  }
  return found
}

/** The same network in PyTorch on the same GPU, by the precision of its products. */
function pytorch(): object {
  return ask({ network: { batches: [1, 8, 32, 128] } })
}

/** The default experiment from the command line, and how far its samples' scores are from those of the CPU. */
function experiment(runner: Runner): object {
  const spec = join(root, 'specs', 'shapes16-nfe5.yaml')
  return commandLine(spec, [`model.engine=${runner.engine}`, `model.provider=${runner.provider.name}`])
}

/** The whole of specs/cifar10-nfe5.yaml on made-up weights of full size, with 64 trajectories and 256 samples. */
function cifar10(runner: Runner): object {
  const assets = folder()
  const made = spawnSync(process.execPath, ['--import', 'tsx', join(root, 'bench', 'stand-ins.ts'), assets], {
    cwd: root
  })
  if (made.status !== 0) throw new Error(String(made.stderr))
  const few = !runner.provider.gpu ? ['0-1', '0-3'] : ['50000-50031', '0-255']
  const sets = [
    ...[`stages.teacher.seeds=${few[0]}`, 'stages.student.validation=60000-60007', `stages.samples.seeds=${few[1]}`],
    ...[`stages.euler.seeds=${few[1]}`, 'stages.reference.seeds=0-3', 'stages.student.optimizer.iterations=2'],
    ...[`model.engine=${runner.engine}`, `model.provider=${runner.provider.name}`]
  ]
  return commandLine(join(root, 'specs', 'cifar10-nfe5.yaml'), sets, { EPD_ASSETS: assets })
}

/**
 * A PyTorch network on the GPU behind python/epd_run.py: the time of a sample stage, and the time that the program says
 * it computed.
 */
function program(): object {
  const at = folder()
  const spec = join(at, 'program.yaml')
  writeFileSync(
    spec,
    [
      'name: program',
      'description: A PyTorch network on a GPU',
      `model: { command: [${python}, ${JSON.stringify(peer)}, --serve], version: '1' }`,
      'solver: { name: euler, nfe: 5 }',
      'stages: { samples: { kind: sample, seeds: 0-511, batch: 128 } }'
    ].join('\n')
  )
  return commandLine(spec, [])
}

function commandLine(spec: string, sets: readonly string[], env: NodeJS.ProcessEnv = {}): object {
  const store = folder()
  const args = [main, 'run', spec, '--store', store, ...sets.flatMap(set => ['--set', set])]
  const begun = performance.now()
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } })
  const seconds = (performance.now() - begun) / 1000
  if (run.status !== 0) return { failed: run.status, said: `${run.stdout}\n${run.stderr}`.slice(-2000) }
  const opened = openStore(store)
  const stages = opened.query(
    'SELECT kind, sum(seconds), sum(evaluations) FROM stages GROUP BY kind ORDER BY kind'
  ).rows
  const scores = opened.query('SELECT samples, nfe, rmse, psnr, fid FROM results ORDER BY samples').rows
  opened.close()
  return { whole: seconds, stages, scores, said: run.stderr.slice(-500) }
}

function ask(question: object): Record<string, unknown> {
  const { stdout, stderr, status } = spawnSync(python, [peer], {
    ...{ input: JSON.stringify(question), encoding: 'utf8', maxBuffer: 2 ** 28 }
  })
  if (status !== 0) return { failed: stderr.slice(-1000) }
  return JSON.parse(stdout) as Record<string, unknown>
}
