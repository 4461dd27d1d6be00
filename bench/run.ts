/**
 * What is claimed of speed, as Markdown and, with `--json FILE`, as JSON with the machine and versions; what is
 * compared is timed side by side and in turn. `--only NAME,NAME` takes some of the benches below.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { record, writeGraph } from '../src/engines/onnx/compile.js'
import { cuda } from '../src/engines/onnx/providers.js'
import { openSession } from '../src/engines/onnx/session.js'
import { denoiserOf, faceOf } from '../src/models/network-denoiser.js'
import type { Model } from '../src/models/model.js'
import { openModel } from '../src/models/open.js'
import { preconditioning } from '../src/models/preconditionings.js'
import { frechetDistance } from '../src/metrics/frechet.js'
import { accumulator } from '../src/metrics/statistics.js'
import { denoisingRecipe } from '../src/networks/network.js'
import { networkOf } from '../src/networks/registry.js'
import { hashUniform } from '../src/random/hash-uniform.js'
import { parseSeeds } from '../src/reading/seeds.js'
import { latents } from '../src/random/latents.js'
import { schedule } from '../src/solvers/schedule.js'
import { SOLVERS } from '../src/solvers/registry.js'
import { solve } from '../src/solvers/solve.js'
import { createStore, openStore } from '../src/store/store.js'
import { filled } from '../test/support/filled.js'
import { lacking, peer, python } from './peers.js'
import { inTurn, median, report, timed } from './report.js'

const { values } = parseArgs({
  options: { only: { type: 'string' }, json: { type: 'string' }, within: { type: 'string' } }
})
const root = fileURLToPath(new URL('..', import.meta.url))
const main = join(root, 'dist', 'cli', 'main.js')
const spec = join(root, 'specs', 'shapes16-nfe5.yaml')
const shapes16 = join(root, 'models', 'shapes16', 'shapes16.safetensors')
const TINY = join(root, 'test', 'fixtures', 'edm', 'ddpmpp-uncond.pkl')
const folder = () => mkdtempSync(join(tmpdir(), 'epd-bench-'))

interface Config {
  readonly init_kwargs: Record<string, unknown>
}

/** Networks by name: EDM's arguments. */
const song = { model_type: 'SongUNet', img_channels: 3, model_channels: 128, num_blocks: 4, attn_resolutions: [16] }
const NETWORKS = {
  'DDPM++ of CIFAR-10 (32 x 32)': { ...song, img_resolution: 32, channel_mult: [2, 2, 2] },
  'DDPM++ of FFHQ (64 x 64)': { ...song, img_resolution: 64, channel_mult: [1, 2, 2, 2] },
  'DDPM++ of shapes16 (16 x 16)': (
    JSON.parse(readFileSync(join(root, 'models', 'shapes16', 'config.json'), 'utf8')) as Config
  ).init_kwargs
} satisfies Record<string, Record<string, unknown>>
const CIFAR = NETWORKS['DDPM++ of CIFAR-10 (32 x 32)']

const SCIPY = `
import sys, time
import numpy
import scipy.linalg
mean, a, b = (numpy.fromfile(f"{sys.argv[1]}/{name}") for name in ("mean", "a", "b"))
n = len(mean)
a, b = a.reshape(n, n), b.reshape(n, n)
begun = time.perf_counter()
root = scipy.linalg.sqrtm(a @ b).real
value = (mean**2).sum() + numpy.trace(a + b - 2 * root)
print(time.perf_counter() - begun, value)
`

/** What a child process tells of one network and batch. */
interface OneNetwork {
  readonly single: number
  readonly megabytes: number
}

if (values.within !== undefined) {
  const [name, batch] = values.within.split('@')
  console.log(JSON.stringify(await measureNetwork(name as keyof typeof NETWORKS, Number(batch))))
  process.exit()
}

const { add, end } = report(values.json)
const benches = {
  start,
  networks,
  engine,
  threads,
  peers,
  stages,
  overhead,
  points,
  memory,
  steady,
  frechet
}
for (const [name, bench] of Object.entries(benches)) if (values.only?.split(',').includes(name) ?? true) await bench()
end()

function start(): void {
  const times = Array.from({ length: 9 }, () => {
    const begun = performance.now()
    spawnSync(process.execPath, [main, '--help'])
    return performance.now() - begun
  })
  add({ what: '`epd-run --help`', value: median(times), unit: 'ms', bound: 'under 200 ms' })
}

/** Each network at each batch in a process of its own: time an image and peak memory. */
function networks(): void {
  for (const name of Object.keys(NETWORKS))
    for (const batch of [1, 8, 32]) {
      const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--within', `${name}@${batch}`]
      const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
      const { single, megabytes } = JSON.parse(stdout) as OneNetwork
      add({
        what: `${name}, batch ${batch}: an image`,
        value: single,
        unit: 'ms',
        note: `${megabytes.toFixed(0)} MB at most`
      })
    }
}

async function measureNetwork(name: keyof typeof NETWORKS, batch: number): Promise<OneNetwork> {
  const { model } = await open(NETWORKS[name])
  const { x, sigma } = inputs(model, batch)
  const times: number[] = []
  for (let i = 0; i < 5; i++) times.push((await timed(() => model.denoise(x, sigma))) / batch)
  const peak = /VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  await model.close()
  return { single: median(times), megabytes: Number(peak) / 1024 }
}

type Opened = Pick<Model, 'shape' | 'denoise' | 'elapsed' | 'close'>

/** A network with weights by the fill rule, and its graph. */
async function open(
  kwargs: Record<string, unknown>,
  threads = availableParallelism()
): Promise<{ model: Opened; path: string }> {
  const described = networkOf(kwargs)
  const recipe = denoisingRecipe(described)
  const { path } = await writeGraph(record(recipe, filled(recipe)), folder())
  return {
    path,
    model: denoiserOf(faceOf(described), preconditioning('EDMPrecond', kwargs), () => openSession({ path, threads }))
  }
}

function inputs({ shape: [channels, height, width] }: Opened, batch: number) {
  return { x: new Float64Array(batch * channels * height * width).fill(0.1), sigma: new Float64Array(batch).fill(1) }
}

/**
 * Our evaluation beside a plain session of ONNX Runtime on the same graph, and on the same network recorded without
 * tiles.
 */
async function engine(): Promise<void> {
  const recipe = denoisingRecipe(networkOf(CIFAR))
  const { model, path } = await open(CIFAR)
  const { path: direct } = await writeGraph(
    record(recipe, filled(recipe), { provider: cuda, precision: 'float32' }),
    folder()
  )
  const options = { intraOpNumThreads: availableParallelism() }
  for (const batch of [1, 8, 32]) {
    const plain = await InferenceSession.create(path, options)
    const other = await InferenceSession.create(direct, options)
    const feeds = {
      x: new Tensor('float32', new Float32Array(batch * 3072).fill(0.1), [batch, 3, 32, 32]),
      noise: new Tensor('float32', new Float32Array(batch), [batch, 1])
    }
    const { x, sigma } = inputs(model, batch)
    const rounds = batch === 32 ? 3 : 6
    const same = await inTurn(rounds, () => model.denoise(x, sigma), () => plain.run(feeds)) // prettier-ignore
    const tiles = await inTurn(rounds, () => plain.run(feeds), () => other.run(feeds)) // prettier-ignore
    add({
      what: `DDPM++ of CIFAR-10, batch ${batch}: ours / plain session`,
      value: same.ratio,
      unit: 'ratio',
      bound: 'at most 1.03'
    })
    add({ what: `the same, with tiles / without`, value: tiles.ratio, unit: 'ratio' })
    await plain.release()
    await other.release()
  }
  await model.close()
}

async function threads(): Promise<void> {
  const one = await open(CIFAR, 1)
  const all = await open(CIFAR)
  const { x, sigma } = inputs(one.model, 8)
  const { ratio } = await inTurn(3, () => one.model.denoise(x, sigma), () => all.model.denoise(x, sigma)) // prettier-ignore
  add({ what: `DDPM++ of CIFAR-10, batch 8: one thread / ${availableParallelism()}`, value: ratio, unit: 'ratio' })
  await Promise.all([one, all].map(({ model }) => model.close()))
}

/** PyTorch running the reference architecture, where Python has it; `npm run bench:peers` times others beside ours. */
async function peers(): Promise<void> {
  const lack = lacking(['torch'])
  if (lack !== undefined) {
    add({ what: 'DDPM++ of CIFAR-10: PyTorch', value: NaN, unit: 'ratio', note: lack })
    return
  }
  const { model } = await open(CIFAR)
  const { ask, close } = peer('ddpmpp.py')
  const version = String((await ask(1)).torch)
  for (const [batch, bound] of [
    [1, 'at least 2.5'],
    [8, ''],
    [32, 'at least 1.8']
  ] as const) {
    const { x, sigma } = inputs(model, batch)
    const theirs = async () => 1000 * (await ask(batch)).seconds
    const found = await inTurn(batch === 32 ? 3 : 5, () => model.denoise(x, sigma), theirs)
    add({
      what: `DDPM++ of CIFAR-10, batch ${batch}: throughput, ours / PyTorch`,
      value: 1 / found.ratio,
      unit: 'ratio',
      note: `${(found.ours / batch).toFixed(0)} ms an image, ${(found.theirs / batch).toFixed(0)} there; ${version}`,
      bound
    })
  }
  await close()
  await model.close()
}

/**
 * Stages from end to end, each in turn on an open model: seconds, evaluations, and the share that is not the engine's.
 */
function stages(): void {
  const at = folder()
  const begun = performance.now()
  const { status } = spawnSync(process.execPath, [main, spec, '--store', at])
  const whole = (performance.now() - begun) / 1000
  if (status !== 0) throw new Error('the default experiment failed')
  const opened = openStore(at)
  const { rows } = opened.query('SELECT kind, sum(seconds), sum(evaluations) FROM stages GROUP BY kind ORDER BY kind')
  const scores = opened.query('SELECT samples, round(rmse, 4) FROM results WHERE rmse IS NOT NULL').rows
  opened.close()
  for (const [kind, seconds, evaluations] of rows)
    add({
      what: `the default experiment: its ${String(kind)} stages`,
      value: Number(seconds),
      unit: 's',
      note: `${Number(evaluations).toLocaleString('en')} evaluations`
    })
  add({
    what: 'the default experiment as a whole',
    value: whole,
    unit: 's',
    note: `RMSE ${scores.map(cells => cells.join(' ')).join(', ')}`,
    bound: 'under 60 s'
  })
}

/** The share of a sample stage that is not spent in the engine's own runs. */
async function overhead(): Promise<void> {
  const small = await openModel({ checkpoint: shapes16, cacheDir: folder() })
  add({
    what: '2,048 samples of shapes16: share outside the engine',
    value: await outside(small, 2048),
    unit: '%',
    bound: 'at most 3 %'
  })
  const { model } = await open(CIFAR)
  const large = { ...small, ...model, close: () => model.close() }
  add({
    what: '64 samples of DDPM++ of CIFAR-10: share outside the engine',
    value: await outside(large, 64),
    unit: '%',
    bound: 'at most 3 %'
  })
  await Promise.all([small, model].map(each => each.close()))
}

async function outside(model: Model, count: number): Promise<number> {
  const { sample } = await import('../src/stages/sample.js')
  const store = createStore(folder())
  const claim = store.claim('bench')
  if (!claim) throw new Error('a claim of our own store is not free')
  store.beginStage(claim, { kind: 'sample', params: {}, provenance: {} })
  const stage = (seeds: number) => ({
    ...({ kind: 'sample', name: 'bench', batch: 64, images: false, generator: 'torch-cpu' } as const),
    solver: {
      ...({ name: 'heun', afs: false, numSteps: 3, nfe: 4 } as const),
      schedule: { type: 'time_uniform', rho: 1, sigmaMin: 0.002, sigmaMax: 80 } as const
    },
    seeds: parseSeeds(`0-${seeds - 1}`)
  })
  const context = {
    ...{ store, key: claim.name, claim, inputKey: (name: string) => name, signal: new AbortController().signal },
    ...{ assetPath: (name: string) => name, assetDigest: (name: string) => name, cacheDir: store.root },
    imagesKey: (name: string) => name,
    solvers: SOLVERS,
    expected: { evaluations: 3 * count, atMost: false },
    ...{ openModel: () => Promise.resolve(model), onProgress: () => undefined }
  }
  const { x, sigma } = inputs(model, 1)
  await model.denoise(x, sigma)
  const [begun, before] = [performance.now(), model.elapsed()]
  await sample.run(stage(count), context)
  const share = 1 - (model.elapsed() - before) / (performance.now() - begun)
  claim.release()
  store.close()
  return 100 * share
}

/** What K parallel gradients cost on one device, where they are computed one after the other: latency by K. */
async function points(): Promise<void> {
  const model = await openModel({ checkpoint: shapes16, cacheDir: folder() })
  const sigmas = schedule({ type: 'time_uniform', rho: 1, numSteps: 4, sigmaMin: 0.002, sigmaMax: 80 })
  for (const samples of [1, 16]) {
    const x = latents({ seeds: Array.from({ length: samples }, (_, i) => i), shape: model.shape }).map(
      value => 80 * value
    )
    for (const count of [1, 2, 4]) {
      const table = [0, 1, 2].map(() => new Array<number>(count).fill(0))
      const predictor = {
        r: table,
        weight: table,
        scaleDir: table,
        scaleTime: table,
        ranges: { scaleDir: 0.05, scaleTime: 0.05 }
      }
      const run = () => solve({ model, solver: { name: 'epd', afs: true, predictor }, x, sigmas })
      const times: number[] = []
      for (let i = 0; i < 7; i++) times.push(await timed(run))
      add({
        what: `EPD on shapes16, 5 NFE, K ${count}, ${samples} images: all of them`,
        value: median(times),
        unit: 'ms'
      })
    }
  }
  await model.close()
}

/** Peak memory of sampling few and many. */
function memory(): void {
  const [few, many] = [sampled(2048), sampled(16_384)]
  add({
    what: 'peak memory, 16,384 samples / 2,048',
    value: many.megabytes / few.megabytes,
    unit: 'ratio',
    note: `${many.megabytes.toFixed(0)} MB`,
    bound: 'about 1'
  })
}

/** 100,000 samples of a tiny model by the command line: throughput of the last tenth beside the first, and memory. */
function steady(): void {
  const { megabytes, finished } = sampled(100_000, TINY)
  const tenth = finished.length / 10
  const speed = (from: number) => tenth / (finished[Math.round(from + tenth) - 1] - finished[Math.round(from)])
  add({
    what: '100,000 samples of a tiny model: throughput of the last tenth / the first',
    value: speed(9 * tenth) / speed(0),
    unit: 'ratio',
    note: `${((finished[finished.length - 1] - finished[0]) / 1000).toFixed(0)} s, ${megabytes.toFixed(0)} MB at most`,
    bound: 'at least 0.95'
  })
  const few = sampled(10_000, TINY)
  add({ what: 'its peak memory / that of 10,000', value: megabytes / few.megabytes, unit: 'ratio', bound: 'about 1' })
}

/** Euler samples by the command line: peak memory, and when each shard was stored, in milliseconds. */
function sampled(seeds: number, checkpoint = shapes16): { megabytes: number; finished: number[] } {
  const tell = `import { readFileSync } from 'node:fs'
    process.on('exit', () => { process.stderr.write(readFileSync('/proc/self/status', 'utf8')) })`
  const stages = `stages={ euler: { kind: sample, images: false, solver: { name: euler, nfe: 1 }, seeds: 0-${seeds - 1} } }`
  const preload = `data:text/javascript,${encodeURIComponent(tell)}`
  const at = folder()
  const set = ['--set', stages, '--set', `model.checkpoint=${checkpoint}`]
  const { stderr } = spawnSync(process.execPath, ['--import', preload, main, spec, '--store', at, ...set], {
    encoding: 'utf8'
  })
  const store = openStore(at)
  const { rows } = store.query(
    "SELECT 'objects/' || substr(digest, 1, 2) || '/' || digest || '.' || extension FROM artifacts WHERE name = 'samples'"
  )
  store.close()
  return {
    megabytes: Number(/VmHWM:\s*(\d+) kB/.exec(stderr)?.[1]) / 1024,
    finished: rows.map(([file]) => statSync(join(at, String(file))).mtimeMs).sort((a, b) => a - b)
  }
}

/** The Frechet distance of features' size against SciPy's sqrtm, where a python3 with SciPy is there. */
async function frechet(): Promise<void> {
  const n = 2048
  const made = (name: string) => {
    const sums = accumulator(n)
    for (let start = 0; start < 2 * n; start += 256)
      sums.add(hashUniform(name, start * n, 256 * n).map((value, k) => Math.abs(value) * (1 + (k % n) / n)))
    return sums.finish()
  }
  const [a, b] = [made('a'), made('b')]
  const at = folder()
  writeFileSync(
    join(at, 'mean'),
    a.mean.map((value, i) => value - b.mean[i])
  )
  writeFileSync(join(at, 'a'), a.covariance)
  writeFileSync(join(at, 'b'), b.covariance)
  const ours: number[] = []
  const theirs: number[] = []
  let apart = NaN
  for (let i = 0; i < 4; i++) {
    const begun = performance.now()
    const value = await frechetDistance(a, b)
    ours.push((performance.now() - begun) / 1000)
    const { status, stdout } = spawnSync(python, ['-c', SCIPY, at], { encoding: 'utf8' })
    if (status !== 0) continue
    const [seconds, other] = stdout.split(' ').map(Number)
    theirs.push(seconds)
    apart = Math.abs(value / other - 1)
  }
  const value = theirs.length > 0 ? median(ours) / median(theirs) : NaN
  const note = `${median(ours).toFixed(2)} s, apart by ${apart.toExponential(0)}`
  add({ what: 'Frechet distance, 2,048 dimensions: ours / SciPy', value, unit: 'ratio', note, bound: 'at most 1' })
}
