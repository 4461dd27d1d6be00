/**
 * EPD here and by its authors' PyTorch code, on shapes16 at 5 parallel NFE and the same cores: trajectories, distillation and
 * samples, each side as one process. Their predictor is imported and compared with the solution on the same seeds as ours, and
 * their images with what it leads to here. As Markdown and, with `--json FILE`, as JSON. `--trajectories N` is how many they learn
 * from (10000, as their launch.sh has it), `--samples N` how many images both draw (2048).
 *
 * EPD names a checkout of their repository with train.py (bench/peers/epd_code.py), PYTHON a Python with torch, safetensors, click,
 * tqdm, scipy and Pillow. It needs `npm run build`.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { decode } from 'fast-png'
import { openStore } from '../src/store/store.js'
import { peerPath, python } from './peers.js'
import { report, short } from './report.js'

const { values } = parseArgs({
  options: {
    trajectories: { type: 'string', default: '10000' },
    samples: { type: 'string', default: '2048' },
    json: { type: 'string' }
  }
})
if (process.env.EPD === undefined) throw new Error('EPD names no checkout of the authors’ code')
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'epd-bench-'))
const [store, theirs] = ['store', 'theirs'].map(name => join(folder, name))
/** Seeds by which both predictors are judged. */
const JUDGED = 256

interface Part {
  readonly seconds: number
  readonly processor: number
  readonly evaluations: { readonly apart: number; readonly 'with gradients': number }
}

interface Told {
  readonly learning: Part
  readonly sampling: Part
  readonly peak: number
  readonly predictor: string
  readonly version: string
}

/** Runs a command to its end: its output, and the seconds of the whole process. */
function ran(command: string, args: readonly string[]): { readonly stdout: string; readonly whole: number } {
  const begun = performance.now()
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28, cwd: root })
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr.trim().split('\n').slice(-3).join(' ')}`)
  return { stdout, whole: (performance.now() - begun) / 1000 }
}

function epdRun(...args: string[]) {
  return ran(process.execPath, [join(root, 'dist/cli/main.js'), ...args, '--store', store])
}

const solver = {
  ...{ name: 'epd', nfe: 5, points: 2, afs: true, scaleDir: 0.05, scaleTime: 0.05 },
  schedule: { type: 'time_uniform', rho: 1 }
}
const learning = {
  teacher: { kind: 'teacher', solver: { name: 'dpm2' }, refine: 3, substeps: 2, seeds: '50000-50063' },
  student: { kind: 'distill', teacher: 'teacher', validation: '60000-60063' }
}

/** Carries out stages on shapes16 and returns the seconds of the whole process. */
function carriedOut(name: string, stages: object, ...flags: readonly string[]): number {
  const spec = join(folder, `${name}.yaml`)
  const checkpoint = join(root, 'models/shapes16/shapes16.safetensors')
  // A YAML reader takes JSON.
  writeFileSync(spec, JSON.stringify({ name, model: { checkpoint }, solver, stages }))
  return epdRun(spec, ...flags).whole
}

/** Seconds and evaluations of all stages of some kinds, so far. */
function stagesOf(...kinds: readonly string[]): { readonly seconds: number; readonly evaluations: number } {
  const opened = openStore(store)
  const quoted = kinds.map(kind => `'${kind}'`).join(', ')
  const { rows } = opened.query(`SELECT sum(seconds), sum(evaluations) FROM stages WHERE kind IN (${quoted})`)
  opened.close()
  const [seconds, evaluations] = rows[0].map(Number)
  return { seconds, evaluations }
}

function rmseOf(samples: string): number {
  const opened = openStore(store)
  const { rows } = opened.query(`SELECT rmse FROM results WHERE samples = '${samples}' AND rmse IS NOT NULL`)
  opened.close()
  return Number(rows[0][0])
}

/** The pixels of the first images below a folder whose path says what they are, by their seeds. */
function pixels(place: string, said: RegExp): readonly Uint8Array[] {
  const files = readdirSync(place, { recursive: true, encoding: 'utf8' }).filter(file => said.test(file))
  const first = files.sort().slice(0, Math.min(JUDGED, Number(values.samples)))
  return first.map(file => Uint8Array.from(decode(readFileSync(join(place, file))).data))
}

/** The largest difference of the pixels of the judged seeds, theirs and ours by their predictor. */
function pixelsApart(): number {
  const [drawn, here] = [
    pixels(join(theirs, 'images'), /\d+\.png$/),
    pixels(join(store, 'images'), /judged.*theirs.*\d+\.png$/)
  ]
  if (drawn.length === 0 || drawn.length !== here.length) throw new Error(`${drawn.length} images and ${here.length}`)
  return Math.max(
    ...drawn.map((image, k) => image.reduce((most, value, i) => Math.max(most, Math.abs(value - here[k][i])), 0))
  )
}

try {
  for (const made of [store, theirs]) mkdirSync(made)
  const { add, end } = report(values.json)
  const drawn = { kind: 'sample', solver: 'student', images: true, seeds: `0-${Number(values.samples) - 1}` }
  const whole = carriedOut('ours', { ...learning, samples: drawn })
  const [learned, sampled] = [stagesOf('teacher', 'distill'), stagesOf('sample')]
  const { stdout, whole: theirWhole } = ran(python, [
    ...[peerPath('epd_code.py'), '--out', theirs, '--trajectories', values.trajectories, '--samples', values.samples],
    ...['--threads', `${availableParallelism()}`]
  ])
  const told = JSON.parse(stdout) as Told

  epdRun('import', told.predictor, '--name', 'theirs')
  const seeds = `0-${JUDGED - 1}`
  const schedule = { type: 'polynomial', rho: 7 }
  // Their code takes the model for that of CIFAR-10.
  const judged = {
    ...learning,
    theirs: { kind: 'sample', solver: { from: 'predictor:theirs' }, images: true, seeds },
    ours: { kind: 'sample', solver: 'student', seeds },
    reference: { kind: 'sample', solver: { name: 'heun', numSteps: 65, schedule }, seeds },
    score: { kind: 'score', samples: ['theirs', 'ours'], reference: 'reference', metrics: ['rmse'] }
  }
  carriedOut('judged', judged, '--allow-mismatch')

  const count = (value: number) => value.toLocaleString('en')
  const ratio = (what: string, value: number, note: string) => {
    add({ what: `${what}: theirs / ours`, value, unit: 'ratio', note })
  }
  const both = (a: number, b: number, unit: string) => `${short(a)} ${unit}, ours ${short(b)}`
  const { apart, 'with gradients': differentiated } = told.learning.evaluations
  // A backward pass costs two forward passes.
  const work = apart + 3 * differentiated
  ratio('seconds to learn', told.learning.seconds / learned.seconds, both(told.learning.seconds, learned.seconds, 's'))
  ratio(
    'evaluations to learn, one with its gradient as three',
    work / learned.evaluations,
    `${count(apart)} of the teacher and ${count(differentiated)} with gradients, ours ${count(learned.evaluations)}`
  )
  ratio(
    `seconds to draw ${values.samples} images`,
    told.sampling.seconds / sampled.seconds,
    `${both(told.sampling.seconds, sampled.seconds, 's')}; by their predictor pixels at most ${pixelsApart()} of 255 apart`
  )
  ratio('seconds of the whole process', theirWhole / whole, `${both(theirWhole, whole, 's')}; ${told.version}`)
  const [theirRmse, rmse] = [rmseOf('theirs'), rmseOf('ours')]
  ratio(`RMSE of ${JUDGED} seeds`, theirRmse / rmse, `${theirRmse.toFixed(4)}, ours ${rmse.toFixed(4)}`)
  end()
} finally {
  rmSync(folder, { recursive: true })
}
