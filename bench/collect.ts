/**
 * What a head node does for stages that workers compute, as Markdown: how long it takes over what they have left, what
 * it reads and writes for each shard, and how soon a million images are planned. Runs of the library are timed whose
 * shards lie on the disk already, a record and its files each. `--shards 1000,10000,100000` says how many, `--folder
 * DIR` where. What is timed is the program that `npm run build` has compiled.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { encodeNpy } from '../src/checkpoints/npy.js'
import { digestOfBytes } from '../src/files/digest.js'
import { noteBytes } from '../src/files/sealed.js'
import { runExperiment, type RunEvent } from '../dist/index.js'
import { imageFiles } from '../src/stages/image-files.js'
import { npyFile, type ShardFile } from '../src/stages/shards.js'
import { sealedRow } from '../src/store/seals.js'
import { recordsFolder } from '../src/work/records.js'

const SEEDS = 64
const SHAPE = [3, 2, 2] as const
const SIZE = 12

/** A model that takes part in no run here but by its name. */
const PROGRAM = "process.stdin.on('end', () => process.exit(0)).resume()\n"

/** A run of one stage of so many shards. */
interface Bench {
  readonly folder: string
  readonly shards: number
}

/** Runs the stage. `command` is what a worker is; events are seen as they come. */
async function run({ folder, shards }: Bench, command: string, onEvent: (event: RunEvent) => void): Promise<void> {
  writeFileSync(join(folder, 'model.mjs'), PROGRAM)
  const spec = {
    name: 'collect',
    model: {
      ...{ command: [process.execPath, 'model.mjs'], version: '1', shape: SHAPE, predicts: 'x0' },
      noise: { type: 'sigma', told: 'sigma', sigmaMin: 0.01, sigmaMax: 50 }
    },
    solver: { name: 'euler', nfe: 5 },
    stages: { samples: { kind: 'sample', seeds: `0-${SEEDS * shards - 1}` } }
  }
  const execution = { executor: 'template', retries: 0, command }
  await runExperiment(spec, {
    ...{ store: join(folder, 'store'), baseDir: folder, execution, onEvent }
  })
}

/** Seconds from the call to the first worker, which fails: the spec is read, planned, and divided among workers. */
async function planning(bench: Bench): Promise<number> {
  const started = join(bench.folder, 'started')
  const begun = Date.now()
  await run(bench, `date +%s%N > ${started}; exit 1 {order} {shards}`, () => undefined).catch(() => undefined)
  return Number(readFileSync(started, 'utf8')) / 1e9 - begun / 1000
}

/** Leaves what workers would leave. Returns the bytes of a record and of its files. */
function leave({ folder, shards }: Bench): { readonly record: number; readonly files: number } {
  const root = join(folder, 'store')
  const key = readdirSync(join(root, 'orders')).flatMap(name => /^([0-9a-f]{64})\.json$/.exec(name)?.[1] ?? [])[0]
  const results = recordsFolder(root, key)
  mkdirSync(results, { recursive: true })
  for (let i = 0; i < 256; i++) mkdirSync(join(root, 'objects', i.toString(16).padStart(2, '0')), { recursive: true })
  let sizes = { record: 0, files: 0 }
  for (let position = 0; position < shards; position++) {
    const files = filesOf(position)
    const record = noteBytes(`${position}.json`, recordOf(root, key, position, files))
    writeFileSync(join(results, `${position}.json`), record)
    sizes = { record: record.length, files: files.reduce((sum, { data }) => sum + data.length, 0) }
  }
  return sizes
}

/** The samples and the images of a shard, which no other shard has. */
function filesOf(position: number): ShardFile[] {
  const data = Float32Array.from({ length: SEEDS * SIZE }, (_, i) => (i === 0 ? position : 0))
  const samples = encodeNpy({ dtype: 'float32', shape: [SEEDS, ...SHAPE], data })
  const bytes = new Uint8Array(SEEDS * SIZE)
  new DataView(bytes.buffer).setUint32(0, position)
  return [npyFile('samples', samples), ...imageFiles(bytes, SHAPE, position)]
}

function recordOf(root: string, key: string, position: number, files: readonly ShardFile[]) {
  const seeds = Array.from({ length: SEEDS }, (_, i) => SEEDS * position + i)
  const artifacts = files.map(({ name, data, extension, mediaType }) => {
    const digest = digestOfBytes(data)
    writeFileSync(join(root, 'objects', digest.slice(0, 2), `${digest}.${extension}`), data)
    const row = { stage_key: key, name, position, digest, extension, media_type: mediaType, size: data.length }
    return sealedRow('artifacts', row)
  })
  const evaluations = 5 * SEEDS
  const shard = { stage_key: key, position, seeds: JSON.stringify(seeds), nfe: 5, evaluations }
  const contents = { artifacts, shards: [sealedRow('shards', shard)], metrics: [], predictors: [], iterations: [] }
  return { key, contents, cost: { evaluations }, seeds: SEEDS, seconds: 1, host: 'node' }
}

/** What this process has used until now: seconds of processor time, and calls and bytes of the system. */
function used() {
  const { user, system } = process.cpuUsage()
  const io = Object.fromEntries(
    readFileSync('/proc/self/io', 'utf8')
      .trim()
      .split('\n')
      .map(line => line.split(': '))
      .map(([name, value]) => [name, Number(value)])
  )
  return { processor: (user + system) / 1e6, read: io.rchar, written: io.wchar, calls: io.syscr + io.syscw }
}

/** What the run takes once all is there: from the stage's start to its end, and as a whole. */
async function collecting(bench: Bench) {
  const before = used()
  const begun = performance.now()
  const at = new Map<string, number>()
  await run(bench, 'exit 1 {order} {shards}', event => {
    const isAll = event.type === 'progress' && event.stored === SEEDS * bench.shards
    const what = isAll ? 'taken' : event.type
    if (!at.has(what)) at.set(what, performance.now())
  })
  const after = used()
  const [started = 0, taken = 0, finished = 0] = ['started', 'taken', 'finished'].map(type => at.get(type))
  const each = (name: keyof typeof after) => (after[name] - before[name]) / bench.shards
  return {
    taken: (taken - started) / 1000,
    stage: (finished - started) / 1000,
    whole: (performance.now() - begun) / 1000,
    processor: after.processor - before.processor,
    ...{ read: each('read'), written: each('written'), calls: each('calls') }
  }
}

async function withFolder<T>(place: string, work: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(place, { recursive: true })
  const folder = mkdtempSync(join(place, 'epd-collect-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const { values } = parseArgs({
  options: {
    shards: { type: 'string', default: '1000,10000,100000' },
    folder: { type: 'string', default: tmpdir() }
  }
})
const heads = [
  'shards',
  'taken over (s)',
  'stage (s)',
  'run (s)',
  'processor (s)',
  'read a shard (kB)',
  'written a shard (kB)'
]
console.log(`| ${heads.join(' | ')} | calls a shard |\n|${' --- |'.repeat(heads.length + 1)}`)
for (const shards of values.shards.split(',').map(Number))
  await withFolder(values.folder, async folder => {
    const bench = { folder, shards }
    await planning(bench)
    const { record, files } = leave(bench)
    const { taken, stage, whole, processor, read, written, calls } = await collecting(bench)
    const cells = [shards, ...[taken, stage, whole, processor, read / 1e3, written / 1e3, calls].map(x => x.toFixed(2))]
    console.log(`| ${cells.join(' | ')} |`)
    if (shards === 1000) console.error(`a record has ${record} bytes, its files ${files}`)
  })
await withFolder(values.folder, async folder => {
  const seconds = await planning({ folder, shards: 1_000_000 / SEEDS })
  console.log(`\n1,000,000 images: the first worker is started after ${seconds.toFixed(2)} s`)
})
