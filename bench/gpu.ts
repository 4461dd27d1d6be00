/**
 * `npm run bench:gpu`: finds the engines of this machine that run on a GPU, compares every network on them with the
 * CPU, runs the default experiment and one of CIFAR-10's size, times the network of CIFAR-10 beside PyTorch, and writes
 * one JSON file to bench/gpu/ (or `--json FILE`).
 *
 * Each part runs in a process of its own, so that a driver which ends its process costs that part alone. PYTHON names a
 * Python with PyTorch; where there is none, the parts that need it say so. `--only NAME,NAME` takes some of the parts,
 * `--runner ENGINE:PROVIDER,...` some of the engines, the CPU's among them, which is how the bench itself is tried on a
 * machine without a GPU.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { availability } from '../src/engines/availability.js'
import { RUNNERS } from '../src/engines/registry.js'
import { python } from './peers.js'

/** What a part has found, as it prints it. */
type Found = Readonly<Record<string, unknown>>

interface Part {
  readonly name: string
  /** Whether it is run once for each engine, or once. */
  readonly each: boolean
  /** Seconds after which it is ended. */
  readonly limit: number
}

const PARTS: readonly Part[] = [
  { name: 'parity', each: true, limit: 150 },
  { name: 'random', each: false, limit: 60 },
  { name: 'network', each: true, limit: 120 },
  { name: 'pytorch', each: false, limit: 90 },
  { name: 'experiment', each: true, limit: 180 },
  { name: 'cifar10', each: true, limit: 240 },
  { name: 'program', each: false, limit: 120 }
]

const here = dirname(fileURLToPath(import.meta.url))
const { values } = parseArgs({
  options: { only: { type: 'string' }, runner: { type: 'string' }, json: { type: 'string' } }
})
const about = circumstances()
const providers = await Promise.all(
  RUNNERS.map(async runner => {
    const found = await availability(runner)
    return {
      runner: runner.name,
      gpu: runner.provider.gpu,
      works: found.works,
      ...(!found.works && { reason: found.reason })
    }
  })
)
const runners =
  values.runner?.split(',') ?? providers.filter(({ gpu, works }) => works && gpu).map(({ runner }) => runner)
print('providers', providers)

const results: Record<string, Found> = {}
for (const { name, each, limit } of PARTS) {
  if (values.only !== undefined && !values.only.split(',').includes(name)) continue
  for (const runner of each ? runners : [undefined]) {
    const title = runner === undefined ? name : `${name} ${runner}`
    results[title] = run(name, runner, limit)
    print(title, results[title])
    // What was found so far is kept, whatever the next part does to the machine.
    write()
  }
}

function run(name: string, runner: string | undefined, limit: number): Found {
  const begun = performance.now()
  const args = ['--import', 'tsx', join(here, 'gpu-parts.ts'), name, ...(runner === undefined ? [] : [runner])]
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: limit * 1000,
    killSignal: 'SIGKILL',
    maxBuffer: 2 ** 26
  })
  const seconds = Math.round((performance.now() - begun) / 100) / 10
  if (status === 0) return { seconds, ...(JSON.parse(stdout) as Found) }
  return { seconds, failed: signal ?? `code ${status}`, said: stderr.slice(-2000) }
}

function circumstances(): Found {
  const smi = spawnSync('nvidia-smi', ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'], {
    encoding: 'utf8'
  })
  const torch = spawnSync(python, ['-c', 'import torch; print(torch.__version__, torch.version.cuda)'], {
    encoding: 'utf8'
  })
  const require = createRequire(import.meta.url)
  const versionOf = (name: string) =>
    (JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as { version: string }).version
  return {
    date: new Date().toISOString().slice(0, 10),
    card: smi.status === 0 ? smi.stdout.trim() : 'none that nvidia-smi shows',
    cpu: `${cpus()[0].model}, ${availableParallelism()} cores`,
    node: process.version,
    onnxruntime: versionOf('onnxruntime-node'),
    torch: torch.status === 0 ? torch.stdout.trim() : 'not installed'
  }
}

function write(): void {
  const file = values.json ?? join(here, 'gpu', 'latest.json')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ ...about, providers, results }, null, 2)}\n`)
}

function print(title: string, value: unknown): void {
  console.log(`${title}: ${JSON.stringify(value)}`)
}
