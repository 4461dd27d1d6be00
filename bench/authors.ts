/**
 * EPD here and by its authors' PyTorch code, on shapes16 at 5 parallel NFE and the same cores: trajectories,
 * distillation and samples, each side as one process. Their predictor is imported and compared with the solution on the
 * same seeds as ours, and their images with what it leads to here. As Markdown and, with `--json FILE`, as JSON.
 * `--trajectories N` is how many they learn from (10000, as their launch.sh has it), `--samples N` how many images
 * both draw (2048).
 *
 * EPD names a checkout of their repository with train.py (bench/peers/epd_code.py), PYTHON a Python with torch,
 * safetensors, click, tqdm, scipy and Pillow. It needs `npm run build`.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openStore } from '../src/store/store.js'
import { main, pixels, pixelsApart, ran } from './beside/processes.js'
import { peerPath, python } from './peers.js'
import { report, short } from './report.js'

const { values } = parseArgs({
  options: {
    trajectories: { type: 'string', default: '10000' },
    samples: { type: 'string', default: '2048' },
    json: { type: 'string' }
  }
})
if (process.env.EPD === undefined) throw new Error("EPD names no checkout of the authors' code")
const folder = mkdtempSync(join(tmpdir(), 'epd-bench-'))
const [store, theirs] = ['store', 'theirs'].map(name => join(folder, name))
/** Seeds by which both predictors are judged. */
const JUDGED = 256

const solver = {
  ...{ name: 'epd', nfe: 5, points: 2, afs: true, scaleDir: 0.05, scaleTime: 0.05 },
  schedule: { type: 'time_uniform', rho: 1 }
}
const learning = {
  teacher: { kind: 'teacher', solver: { name: 'dpm2' }, refine: 3, substeps: 2, seeds: '50000-50063' },
  student: { kind: 'distill', teacher: 'teacher', validation: '60000-60063' }
}

function epdRun(...args: readonly string[]) {
  return ran(process.execPath, [main, ...args, '--store', store])
}

/** Carries out stages on shapes16 and returns the seconds of the whole process. */
function carriedOut(name: string, stages: object, ...flags: readonly string[]): number {
  const spec = join(folder, `${name}.yaml`)
  const checkpoint = fileURLToPath(new URL('../models/shapes16/shapes16.safetensors', import.meta.url))
  // A YAML reader takes JSON.
  writeFileSync(spec, JSON.stringify({ name, model: { checkpoint }, solver, stages }))
  return epdRun(spec, ...flags).whole
}

/** The numbers of the one row that a query of the store has. */
function numbersOf(sql: string): number[] {
  const opened = openStore(store)
  const { rows } = opened.query(sql)
  opened.close()
  return rows[0].map(Number)
}

/** What a part of the experiment took. */
interface Part {
  readonly seconds: number
  readonly evaluations: number
}

/** What all stages of some kinds have taken so far. */
function stagesOf(...kinds: readonly string[]): Part {
  const quoted = kinds.map(kind => `'${kind}'`).join(', ')
  const [seconds, evaluations] = numbersOf(
    `SELECT sum(seconds), sum(evaluations) FROM stages WHERE kind IN (${quoted})`
  )
  return { seconds, evaluations }
}

function runOurs() {
  const drawn = { kind: 'sample', solver: 'student', images: true, seeds: `0-${Number(values.samples) - 1}` }
  const whole = carriedOut('ours', { ...learning, samples: drawn })
  return { whole, learned: stagesOf('teacher', 'distill'), drawn: stagesOf('sample') }
}

/** What epd_code.py says. */
interface Told {
  readonly learning: {
    readonly seconds: number
    readonly evaluations: { readonly apart: number; readonly 'with gradients': number }
  }
  readonly sampling: { readonly seconds: number }
  readonly predictor: string
  readonly version: string
}

function runTheirs() {
  const { whole, stdout } = ran(python, [
    ...[peerPath('epd_code.py'), '--out', theirs, '--trajectories', values.trajectories, '--samples', values.samples],
    ...['--threads', `${availableParallelism()}`]
  ])
  return { whole, ...(JSON.parse(stdout) as Told) }
}

/** RMSE to the solution of both predictors, and how far their images are from ours by theirs. */
function judged(predictor: string) {
  epdRun('import', predictor, '--name', 'theirs')
  const seeds = `0-${JUDGED - 1}`
  const schedule = { type: 'polynomial', rho: 7 }
  const stages = {
    ...learning,
    theirs: { kind: 'sample', solver: { from: 'predictor:theirs' }, images: true, seeds },
    ours: { kind: 'sample', solver: 'student', seeds },
    reference: { kind: 'sample', solver: { name: 'heun', numSteps: 65, schedule }, seeds },
    score: { kind: 'score', samples: ['theirs', 'ours'], reference: 'reference', metrics: ['rmse'] }
  }
  // Their code takes the model for that of CIFAR-10.
  carriedOut('judged', stages, '--allow-mismatch')
  const [theirRmse, rmse] = ['theirs', 'ours'].flatMap(samples =>
    numbersOf(`SELECT rmse FROM results WHERE samples = '${samples}' AND rmse IS NOT NULL`)
  )
  const run = readdirSync(join(store, 'images')).find(name => name.startsWith('judged')) ?? ''
  const here = pixels(join(store, 'images', run, 'theirs'))
  const there = pixels(join(theirs, 'images')).slice(0, here.length)
  return { theirRmse, rmse, apart: pixelsApart(there, here.slice(0, there.length)) }
}

function compare(): void {
  const { add, end } = report(values.json)
  const ratio = (what: string, value: number, note: string) => {
    add({ what: `${what}: theirs / ours`, value, unit: 'ratio', note })
  }
  const seconds = (what: string, a: number, b: number, note = '') => {
    ratio(`seconds ${what}`, a / b, `${short(a)} s, ours ${short(b)}${note}`)
  }
  const ours = runOurs()
  const other = runTheirs()
  const { theirRmse, rmse, apart } = judged(other.predictor)
  const count = (value: number) => value.toLocaleString('en')
  const { apart: taught, 'with gradients': differentiated } = other.learning.evaluations
  seconds('to learn', other.learning.seconds, ours.learned.seconds)
  ratio(
    // A backward pass costs two forward passes.
    'evaluations to learn, one with its gradient as three',
    (taught + 3 * differentiated) / ours.learned.evaluations,
    `${count(taught)} of the teacher and ${count(differentiated)} with gradients, ours ${count(ours.learned.evaluations)}`
  )
  const parity = `; by their predictor pixels at most ${apart} of 255 apart`
  seconds(`to draw ${values.samples} images`, other.sampling.seconds, ours.drawn.seconds, parity)
  seconds('of the whole process', other.whole, ours.whole, `; ${other.version}`)
  ratio(`RMSE of ${JUDGED} seeds`, theirRmse / rmse, `${theirRmse.toFixed(4)}, ours ${rmse.toFixed(4)}`)
  end()
}

try {
  for (const made of [store, theirs]) mkdirSync(made)
  compare()
} finally {
  rmSync(folder, { recursive: true })
}
