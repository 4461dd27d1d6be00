/**
 * What work in other processes costs, as Markdown: how much faster four workers are than one, and how soon a worker
 * begins. `--folder DIR` says where; `--slurm` asks the same of jobs of a Slurm that is started on this machine, and
 * told of eight processors. `collect.ts` measures what the coordinator does.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startCluster } from '../test/slurm/cluster.js'

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const checkpoint = fileURLToPath(new URL('../models/shapes16/shapes16.safetensors', import.meta.url))

/** Seconds that a program takes which must succeed. */
function seconds(args: readonly string[], cwd: string, { mayFail = false, env = process.env } = {}): number {
  const begun = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], { cwd, env, encoding: 'utf8' })
  if (status !== 0 && !mayFail) throw new Error(`epd-run ${args.join(' ')} failed: ${stderr}`)
  return (performance.now() - begun) / 1000
}

/** A model that takes 20 ms for each sample that it is given, and answers it. */
const SLEEPER = `const size = 12
let bytes = Buffer.alloc(0)
const words = []
process.stdin.on('data', chunk => {
  bytes = Buffer.concat([bytes, chunk])
  const batch = bytes.length < 8 ? Infinity : bytes.readUInt32LE(0)
  const whole = 8 + 4 * batch + 4 * size * batch
  if (bytes.length < whole) return
  const answer = bytes.subarray(8 + 4 * batch, whole)
  bytes = Buffer.alloc(0)
  setTimeout(() => process.stdout.write(answer), 20 * batch)
})
process.stdin.on('end', () => process.exit(0))
`

/** How often as many shards a second four workers leave as one does, with shards of 30 s. */
function speedUp(folder: string, executor: 'local' | 'slurm', env?: NodeJS.ProcessEnv): number {
  writeFileSync(join(folder, 'sleeper.mjs'), SLEEPER)
  const spec = (seeds: string) => `name: sleeper
model: { command: [${process.execPath}, sleeper.mjs], version: '1', shape: [3, 2, 2], predicts: x0, noise: { type: sigma, told: sigma, sigmaMin: 0.01, sigmaMax: 50 } }
solver: { name: euler, nfe: 23 }
stages: { samples: { kind: sample, seeds: ${seeds} } }
`
  const rate = (workers: number, shards: number) => {
    const file = join(folder, `sleep-${workers}.yaml`)
    const store = join(folder, `${executor}-${workers}`)
    writeFileSync(file, spec(`0-${64 * shards - 1}`))
    const run = ['run', file, '--executor', executor, '--jobs', String(workers), '--store', store]
    return shards / seconds(run, folder, { env })
  }
  const one = rate(1, 2)
  return rate(4, 8) / one
}

/** Seconds from the start of a worker to the record of one evaluation of the embedded model, whose graph is compiled. */
function start(folder: string): number {
  const execution = { executor: 'template', retries: 0, command: 'false {order} {shards}' }
  const spec = {
    name: 'start',
    ...{ model: { checkpoint }, solver: { name: 'euler', nfe: 1 }, execution },
    stages: { samples: { kind: 'sample', seeds: '0' } }
  }
  const file = join(folder, 'start.yaml')
  writeFileSync(file, JSON.stringify(spec))
  const store = join(folder, 'start')
  // The run fails, and leaves its order and the compiled graph.
  seconds(['run', file, '--store', store], folder, { mayFail: true })
  const order = readdirSync(join(store, 'orders')).find(name => /^[0-9a-f]{64}\.json$/.test(name)) ?? ''
  return seconds(['work', join(store, 'orders', order), '--shards', '0'], folder)
}

const { values } = parseArgs({ options: { folder: { type: 'string' }, slurm: { type: 'boolean', default: false } } })
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'epd-executors-'))
try {
  console.log('| what | measured |\n| --- | --- |')
  console.log(`| start of a worker to its first record | ${start(folder).toFixed(1)} s |`)
  console.log(`| four workers to one, \`local\` | ${speedUp(folder, 'local').toFixed(2)} |`)
  if (values.slurm) {
    const cluster = await startCluster()
    try {
      console.log(`| four workers to one, \`slurm\` | ${speedUp(folder, 'slurm', cluster.env).toFixed(2)} |`)
    } finally {
      await cluster.stop()
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
