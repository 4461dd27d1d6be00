/**
 * What work in other processes costs, as Markdown: how much faster four workers are than one, how soon a worker begins,
 * and how fast the coordinator collects and plans. `--shards N` says how many shards are collected, `--folder DIR` where.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { noteBytes } from '../src/files/sealed.js'
import { createStore } from '../src/store/store.js'
import { ledger } from '../src/work/ledger.js'
import { recordsFolder } from '../src/work/records.js'
import { sharesOf } from '../src/work/shares.js'

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const checkpoint = fileURLToPath(new URL('../models/shapes16/shapes16.safetensors', import.meta.url))

/** Seconds that a program takes which must succeed. */
function seconds(args: readonly string[], cwd: string, mayFail = false): number {
  const begun = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], { cwd, encoding: 'utf8' })
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
function speedUp(folder: string): number {
  writeFileSync(join(folder, 'sleeper.mjs'), SLEEPER)
  const spec = (seeds: string) => `name: sleeper
model: { command: [${process.execPath}, sleeper.mjs], version: '1', shape: [3, 2, 2], predicts: x0, noise: { type: sigma, told: sigma, sigmaMin: 0.01, sigmaMax: 50 } }
solver: { name: euler, nfe: 23 }
stages: { samples: { kind: sample, seeds: ${seeds} } }
`
  const rate = (workers: number, shards: number) => {
    const file = join(folder, `sleep-${workers}.yaml`)
    writeFileSync(file, spec(`0-${64 * shards - 1}`))
    return (
      shards / seconds(['run', file, '--jobs', String(workers), '--store', join(folder, `sleep-${workers}`)], folder)
    )
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
  seconds(['run', file, '--store', store], folder, true)
  const order = readdirSync(join(store, 'orders')).find(name => /^[0-9a-f]{64}\.json$/.test(name)) ?? ''
  return seconds(['work', join(store, 'orders', order), '--shards', '0'], folder)
}

const KEY = 'c'.repeat(64)

/** Seconds in which the coordinator takes over what workers have left, and bytes of a record. */
async function collecting(folder: string, count: number): Promise<{ seconds: number; bytes: number }> {
  const [from, to] = ['from', 'to'].map(name => createStore(join(folder, name)))
  const begun = [from, to].map(store => {
    const claim = store.claim(KEY)
    if (!claim) throw new Error('a new store is free')
    store.beginStage(claim, { kind: 'sample', params: {}, provenance: {} })
    return claim
  })
  const results = recordsFolder(to.root, KEY)
  mkdirSync(results, { recursive: true })
  rmSync(join(to.root, 'objects'), { recursive: true, force: true })
  mkdirSync(join(from.root, 'objects'), { recursive: true })
  symlinkSync(join(from.root, 'objects'), join(to.root, 'objects'))
  let bytes = 0
  from.transaction(() => {
    for (let position = 0; position < count; position++) leave(position)
  })
  function leave(position: number) {
    const seeds = Array.from({ length: 64 }, (_, i) => 64 * position + i)
    const data = Buffer.from(`samples of ${position}`)
    const file = { name: 'samples', data, extension: 'npy', mediaType: 'application/x-npy' }
    from.putShard(begun[0], { position, seeds, evaluations: 320, files: [file] })
    const contents = from.contents(KEY, position)
    const path = join(results, `${position}.json`)
    const record = { key: KEY, contents, cost: { evaluations: 320 }, seeds: 64, seconds: 1, host: 'node' }
    const note = noteBytes(path, record)
    bytes = note.length
    writeFileSync(path, note)
  }
  const context = { store: to, claim: begun[1], onProgress: () => undefined }
  const found = ledger({
    planned: { key: KEY, stage: { kind: 'sample', name: 's' } },
    context,
    folder: results,
    count,
    evaluations: 1
  })
  const start = performance.now()
  await found.take()
  const took = (performance.now() - start) / 1000
  if (found.missing().length > 0) throw new Error('not all that was left was taken over')
  for (const store of [from, to]) store.close()
  return { seconds: took, bytes }
}

/** Seconds in which 1,000,000 images, which are 15,625 shards, are divided among workers. */
function planning(): number {
  const begun = performance.now()
  const positions = Array.from({ length: 15_625 }, (_, i) => i)
  sharesOf(positions, { count: 15_625, evaluations: 5e6, wanted: 20_000, jobs: 1 })
  return (performance.now() - begun) / 1000
}

const { values } = parseArgs({ options: { shards: { type: 'string', default: '100000' }, folder: { type: 'string' } } })
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'epd-executors-'))
try {
  const count = Number(values.shards)
  const { seconds: took, bytes } = await collecting(folder, count)
  console.log('| what | measured |\n| --- | --- |')
  console.log(`| ${count} shards collected | ${took.toFixed(1)} s |`)
  console.log(`| a record of a shard of 64 seeds with one file | ${bytes} bytes |`)
  console.log(`| 1,000,000 images divided among workers | ${planning().toFixed(3)} s |`)
  console.log(`| start of a worker to its first record | ${start(folder).toFixed(1)} s |`)
  console.log(`| four workers to one | ${speedUp(folder).toFixed(2)} |`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
