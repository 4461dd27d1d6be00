/**
 * What commands take on a large store and of large specs, as Markdown: a store of 10,000 stages, 1,000,000 iterations
 * and 1,000 runs, a matrix of 2,000 stages, and ten million seeds. `--store DIR` keeps the store that it makes there.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { defineSeal, seal, contentsOf } from '../src/store/seals.js'
import { openDatabase, type Database } from '../src/store/sqlite.js'
import { createStore } from '../src/store/store.js'

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const checkpoint = fileURLToPath(new URL('../models/shapes16/shapes16.safetensors', import.meta.url))

/** One command, and what it took. */
export interface ScaleRow {
  readonly what: string
  readonly seconds: number
  /** Seconds of processor time, which other programs hardly change. */
  readonly processor: number
  /** The most memory that the process had at once, in MB. */
  readonly megabytes: number
  /** The most seconds that it is to take, where that is promised. */
  readonly promised?: number
}

/** How large the store is: by default 1,000 runs of ten stages, one of them with 1,000 iterations. */
export interface ScaleOptions {
  /** A folder for the store and the specs, which stay there. */
  readonly folder: string
  readonly runs?: number
  readonly iterations?: number
}

/** Measures all commands, one after the other, in processes of their own. */
export function scale({ folder, runs = 1000, iterations = 1000 }: ScaleOptions): ScaleRow[] {
  const store = join(folder, 'store')
  const specs = writeSpecs(folder)
  if (!existsSync(join(store, 'store.sqlite'))) {
    // A run of the program's own is the one that is run again.
    timed(['run', specs.small, '--store', store], '')
    fill(store, runs, iterations)
  }
  const small = timed(['run', '--dry-run', specs.small, '--store', store], 'dry run of a small spec')
  return [
    timed(['--version'], 'start of the process'),
    timed(['ls', '--store', store], 'ls', 0.3),
    timed(['show', 'large-00000500', '--store', store], 'show of a run', 0.3),
    timed(['query', 'SELECT count(*) FROM results', '--store', store], 'query: count of the results'),
    timed(['query', 'SELECT count(*) FROM iterations', '--store', store], 'query: count of the iterations'),
    timed(['run', specs.small, '--store', store], 'cached run'),
    small,
    timed(['run', '--dry-run', specs.matrix, '--store', store], 'dry run of 2,000 stages', 1),
    timed(['run', '--dry-run', specs.seeds, '--store', store], 'dry run of 10,000,000 seeds')
  ]
}

/** Has a process say on stderr, when it ends, what it took. */
const TELL = `process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  process.stderr.write('\\nTOOK ' + JSON.stringify({ maxRSS, cpu: userCPUTime + systemCPUTime }) + '\\n')
})`

function timed(args: readonly string[], what: string, promised?: number): ScaleRow {
  const tell = `data:text/javascript,${encodeURIComponent(TELL)}`
  const begun = performance.now()
  const { status, stderr } = spawnSync(process.execPath, ['--import', tell, main, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 30
  })
  const seconds = (performance.now() - begun) / 1000
  if (status !== 0) throw new Error(`epd-run ${args.join(' ')}: ${stderr}`)
  const took = /TOOK (.*)/.exec(stderr)?.[1] ?? '{}'
  const { maxRSS, cpu } = JSON.parse(took) as { maxRSS: number; cpu: number }
  return { what, seconds, processor: cpu / 1e6, megabytes: maxRSS / 1024, promised }
}

function writeSpecs(folder: string): { small: string; matrix: string; seeds: string } {
  const model = `model: { checkpoint: ${checkpoint} }\nsolver: { name: euler, nfe: 2 }\n`
  const written = (name: string, text: string) => {
    const path = join(folder, `${name}.yaml`)
    writeFileSync(path, `name: ${name}\n${model}${text}`)
    return path
  }
  const list = (count: number) => Array.from({ length: count }, (_, i) => i + 1).join(', ')
  return {
    small: written('small', 'stages:\n  a: { kind: sample, solver: { name: euler, nfe: 2 }, seeds: 0-7 }\n'),
    matrix: written(
      'matrix',
      `matrix: { nfe: [${list(50)}], seed: [${list(20)}] }
stages:
  a: { kind: sample, solver: { name: euler, nfe: matrix.nfe }, seeds: matrix.seed }
  b: { kind: sample, solver: { name: ipndm, nfe: matrix.nfe }, seeds: matrix.seed }
`
    ),
    seeds: written(
      'seeds',
      `stages:
  teacher: { kind: teacher, solver: { name: heun }, refine: 1, substeps: 1, seeds: 20000000-29999999 }
  a: { kind: sample, solver: { name: euler, nfe: 2 }, seeds: 0-9999999 }
  b: { kind: sample, solver: { name: ipndm, nfe: 2 }, seeds: 0-9999999 }
  score: { kind: score, samples: [a], reference: b, metrics: [rmse] }
`
    )
  }
}

/** Puts runs into a store as runs of the program would leave them, but for their files. */
export function fill(folder: string, runs: number, iterations: number): void {
  createStore(folder).close()
  const database = openDatabase(join(folder, 'store.sqlite'))
  defineSeal(database)
  database.pragma('synchronous = OFF')
  database.transaction(() => {
    for (let run = 0; run < runs; run++) putRun(database, run, iterations)
    for (const table of ['runs', 'run_stages', 'shards', 'metrics', 'predictors', 'iterations'] as const)
      seal(database, table, "seal = ''")
    database.exec(`UPDATE stages SET contents = ${contentsOf('stages.key')} WHERE contents IS NULL`)
    seal(database, 'stages', "seal = ''")
  })()
  database.close()
}

const SECOND = Date.UTC(2026, 0, 1)
const KINDS = ['teacher', 'teacher', 'distill', 'sample', 'sample', 'sample', 'sample', 'sample', 'sample', 'score']

function putRun(database: Database, run: number, iterations: number): void {
  const put = (table: string, row: Readonly<Record<string, unknown>>) => {
    const names = Object.keys(row)
    const sql = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`
    database.prepare(sql).run(...Object.values(row))
  }
  const id = `large-${String(run).padStart(8, '0')}`
  const time = new Date(SECOND + run * 1000).toISOString()
  const key = (position: number) => `${String(run * KINDS.length + position).padStart(8, '0')}${'ab'.repeat(28)}`
  const spec = { spec: `name: large\n${'# A line of the spec.\n'.repeat(40)}`, overrides: '[]' }
  put('runs', {
    ...{ id, name: 'large', description: 'one of many', file: '/large.yaml', ...spec, status: 'finished' },
    ...{ created: time, updated: time, finished: time }
  })
  KINDS.forEach((kind, position) => {
    put('run_stages', { run_id: id, position, name: `${kind}-${position}`, stage_key: key(position) })
    put('stages', {
      ...{ key: key(position), kind, status: 'finished', nfe: 5, evaluations: 640, seconds: 1.25 },
      params: JSON.stringify({ solver: { name: 'epd', points: 2, nfe: 5, schedule: { type: 'time_uniform' } } }),
      provenance: JSON.stringify({ epdRun: '0.1.0', node: '20', machine: 'x'.repeat(200) }),
      ...{ started: time, finished: time }
    })
    if (kind === 'teacher' || kind === 'sample')
      put('shards', {
        ...{ stage_key: key(position), position: 0, nfe: 5, evaluations: 640 },
        seeds: JSON.stringify(Array.from({ length: 64 }, (_, i) => i))
      })
    if (kind === 'score')
      for (let sample = 3; sample < position; sample++)
        for (const name of ['rmse', 'psnr'])
          put('metrics', {
            ...{ stage_key: key(position), samples_key: key(sample), name, value: 0.5, count: 64, details: '{}' }
          })
  })
  put('predictors', {
    ...{ stage_key: key(2), predictor: `{"r":[${'0.25,'.repeat(20)}1]}`, sigmas: '[80,1,0.002]', loss: 0.5 },
    ...{ evaluations: 640 }
  })
  const insert = database.prepare(
    `INSERT INTO iterations (stage_key, iteration, phase, step, loss, evaluations, state) VALUES (?, ?, ?, ?, ?, ?, ?)`
  )
  for (let n = 1; n <= iterations; n++) insert.run(key(2), n, 'step', 0, 1 / n, 64, 'null')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { store: { type: 'string' } } })
  const folder = values.store ?? mkdtempSync(join(tmpdir(), 'epd-scale-'))
  mkdirSync(folder, { recursive: true })
  console.log('| command | seconds | processor | memory (MB) | promised |')
  console.log('| --- | --- | --- | --- | --- |')
  for (const { what, seconds, processor, megabytes, promised } of scale({ folder }))
    console.log(
      `| ${what} | ${seconds.toFixed(2)} | ${processor.toFixed(2)} | ${megabytes.toFixed(0)} | ${promised ?? ''} |`
    )
  if (values.store === undefined) rmSync(folder, { recursive: true })
}
