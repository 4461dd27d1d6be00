/**
 * What is claimed of speed, as Markdown; times side by side and in turn, medians. `--only NAME` takes one of start, network,
 * sampling, memory, experiment, frechet.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { record, writeGraph } from '../src/engines/onnx/compile.js'
import { openSession } from '../src/engines/onnx/session.js'
import { denoiserOf, openModel } from '../src/models/open.js'
import { preconditioning } from '../src/models/preconditioning.js'
import { frechetDistance } from '../src/metrics/frechet.js'
import { accumulator } from '../src/metrics/statistics.js'
import { denoisingRecipe, networkOf } from '../src/networks/network.js'
import { hashUniform } from '../src/random/hash-uniform.js'
import { openStore } from '../src/store/store.js'
import { filled } from './filled.js'

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const root = fileURLToPath(new URL('..', import.meta.url))
const main = join(root, 'dist', 'cli', 'main.js')
const spec = join(root, 'specs', 'shapes16-nfe5.yaml')
const shapes16 = join(root, 'models', 'shapes16', 'shapes16.safetensors')
const folder = () => mkdtempSync(join(tmpdir(), 'epd-bench-'))

const median = (times: readonly number[]) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]
const row = (name: string, value: string, bound: string) => {
  console.log(`| ${name} | ${value} | ${bound} |`)
}

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

const benches = { start, network, sampling, memory, experiment, frechet }

console.log(`${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}\n`)
console.log('| what | measured | to hold |\n| --- | --- | --- |')
for (const [name, bench] of Object.entries(benches))
  if (values.only === undefined || values.only === name) await bench()

function start(): void {
  const times = Array.from({ length: 9 }, () => {
    const begun = performance.now()
    spawnSync(process.execPath, [main, '--help'])
    return performance.now() - begun
  })
  row('`epd-run --help`', `${median(times).toFixed(0)} ms`, 'under 200 ms')
}

/** Our evaluation of a DDPM++ of CIFAR-10's size against a plain session of ONNX Runtime on the same graph. */
async function network(): Promise<void> {
  const kwargs = {
    ...{ img_resolution: 32, img_channels: 3, model_type: 'SongUNet', model_channels: 128, channel_mult: [2, 2, 2] },
    ...{ num_blocks: 4, attn_resolutions: [16] }
  }
  const described = networkOf(kwargs)
  const { path } = await writeGraph(record(denoisingRecipe(described), filled(denoisingRecipe(described))), folder())
  const [batch, size] = [32, 3 * 32 * 32]
  const threads = availableParallelism()
  const plain = await InferenceSession.create(path, { intraOpNumThreads: threads })
  const feeds = {
    x: new Tensor('float32', new Float32Array(batch * size).fill(0.1), [batch, 3, 32, 32]),
    noise: new Tensor('float32', new Float32Array(batch), [batch, 1])
  }
  const model = denoiserOf(described, preconditioning('EDMPrecond', kwargs), () => openSession({ path, threads }))
  const [x, sigma] = [new Float64Array(batch * size).fill(0.1), new Float64Array(batch).fill(1)]
  const ours: number[] = []
  const theirs: number[] = []
  const timed = async (times: number[], work: () => Promise<unknown>) => {
    const begun = performance.now()
    await work()
    times.push(performance.now() - begun)
  }
  for (let i = 0; i < 6; i++) {
    await timed(theirs, () => plain.run(feeds))
    await timed(ours, () => model.denoise(x, sigma))
  }
  await plain.release()
  await model.close()
  const ratio = median(ours.slice(1).map((time, i) => time / theirs[i + 1]))
  row(
    'DDPM++ of CIFAR-10 size, batch 32: ours / plain session',
    `${ratio.toFixed(3)} (${(median(ours) / batch).toFixed(1)} ms an image)`,
    'at most 1.05'
  )
}

/** The share of a sample stage that is not spent in ONNX Runtime. */
async function sampling(): Promise<void> {
  const { createStore } = await import('../src/store/store.js')
  const { run } = await import('../src/stages/sample.js')
  const model = await openModel({ checkpoint: shapes16, cacheDir: folder() })
  const store = createStore(folder())
  const shares: number[] = []
  for (const first of [0, 512, 1024]) {
    const claim = store.claim(`bench ${first}`)
    if (!claim) throw new Error('a claim of our own store is not free')
    store.beginStage(claim, { kind: 'sample', params: {}, provenance: {} })
    const [begun, before] = [performance.now(), model.elapsed()]
    await run(
      {
        ...{ kind: 'sample', name: 'bench', batch: 64, images: false, generator: 'torch-cpu' },
        solver: {
          ...{ name: 'heun', afs: false, numSteps: 4, nfe: 6 },
          schedule: { type: 'time_uniform', rho: 1, sigmaMin: 0.002, sigmaMax: 80 }
        },
        seeds: Array.from({ length: 512 }, (_, i) => first + i)
      },
      {
        ...{ store, key: claim.name, claim, inputKey: name => name, signal: new AbortController().signal },
        ...{ assetPath: name => name, assetDigest: name => name, cacheDir: store.root },
        ...{ openModel: () => Promise.resolve(model), onProgress: () => undefined }
      }
    )
    shares.push(1 - (model.elapsed() - before) / (performance.now() - begun))
    claim.release()
  }
  await model.close()
  store.close()
  row('sampling shapes16: share outside the session', `${(100 * median(shares)).toFixed(1)} %`, 'at most 5 %')
}

/** Peak memory of sampling few and many. */
function memory(): void {
  const tell = `import { readFileSync } from 'node:fs'
    process.on('exit', () => { process.stderr.write(readFileSync('/proc/self/status', 'utf8')) })`
  const peak = (seeds: number) => {
    const stages = `stages={ euler: { kind: sample, solver: { name: euler, nfe: 1 }, seeds: 0-${seeds - 1} } }`
    const { stderr } = spawnSync(
      process.execPath,
      [
        '--import',
        `data:text/javascript,${encodeURIComponent(tell)}`,
        main,
        spec,
        '--store',
        folder(),
        '--set',
        stages
      ],
      { encoding: 'utf8' }
    )
    return Number(/VmHWM:\s*(\d+) kB/.exec(stderr)?.[1]) / 1024
  }
  const [few, many] = [peak(2048), peak(16_384)]
  row('peak memory, 16,384 samples / 2,048', `${(many / few).toFixed(2)} (${many.toFixed(0)} MB)`, 'about 1')
}

function experiment(): void {
  const store = folder()
  const begun = performance.now()
  const { status } = spawnSync(process.execPath, [main, spec, '--store', store])
  const seconds = (performance.now() - begun) / 1000
  if (status !== 0) throw new Error('the default experiment failed')
  const opened = openStore(store)
  const { rows } = opened.query(`SELECT samples, round(rmse, 4) FROM results WHERE rmse IS NOT NULL`)
  opened.close()
  row(
    'the default experiment',
    `${seconds.toFixed(1)} s (RMSE ${rows.map(cells => cells.join(' ')).join(', ')})`,
    'under 60 s'
  )
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
    const { status, stdout } = spawnSync(process.env.PYTHON ?? 'python3', ['-c', SCIPY, at], { encoding: 'utf8' })
    if (status !== 0) continue
    const [seconds, other] = stdout.split(' ').map(Number)
    theirs.push(seconds)
    apart = Math.abs(value / other - 1)
  }
  const peer =
    theirs.length > 0
      ? `${(median(ours) / median(theirs)).toFixed(2)} (${median(ours).toFixed(2)} s, apart by ${apart.toExponential(0)})`
      : `${median(ours).toFixed(2)} s (no SciPy here)`
  row('Frechet distance, 2,048 dimensions: ours / SciPy', peer, 'at most 1')
}
