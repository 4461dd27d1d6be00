import { existsSync, statSync } from 'node:fs'
import { basename, dirname, extname, isAbsolute, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onnxInterface, type OnnxValue } from '../engines/onnx/interface.js'
import { EpdError } from '../errors.js'
import { readExperiment } from '../experiment/load.js'
import { openCommandModel } from '../models/command.js'
import type { Model } from '../models/model.js'
import { openModel } from '../models/open.js'
import { rangeOf, type Range } from '../solvers/range.js'

/** A spec to begin with. */
export interface StartingSpec {
  /** YAML with comments. */
  readonly text: string
  /** What the model's file does not tell, so that somebody has to look at it. */
  readonly unsure: readonly string[]
}

/** What is known of the model that a spec is written for. */
interface Found {
  /** The value of `model`, a line of YAML each. */
  readonly model: readonly string[]
  readonly name: string
  readonly range: Range
  readonly shape?: readonly number[]
  readonly prompted?: boolean
  readonly unsure?: readonly string[]
}

/** The embedded model of 16 x 16 pixels. */
const EMBEDDED = fileURLToPath(new URL('../../models/shapes16/shapes16.safetensors', import.meta.url))

/**
 * Writes a spec for a model that is looked at: a checkpoint, a folder of diffusers, an ONNX file, or a program with its
 * arguments; without one, for the embedded model. It has the model's own range of noise levels, and is valid.
 * @param model the path of a file or folder, or the words of a program
 * @param file where the spec will be, from whose folder paths in it start
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed`
 */
export async function startingSpec(
  model: readonly string[],
  file: string,
  { cacheDir }: { readonly cacheDir?: string } = {}
): Promise<StartingSpec> {
  const found = await look(model, file, cacheDir)
  const text = specOf(found)
  await readExperiment({ file, text })
  return { text, unsure: found.unsure ?? [] }
}

/** The name that a spec for a model has, unless told otherwise. */
export function nameFor(model: readonly string[]): string {
  const last = model.findLast(word => existsSync(word)) ?? model.at(0) ?? EMBEDDED
  const name = basename(last, extname(last))
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replaceAll(/^[^A-Za-z0-9]+|[-.]+$/g, '')
  return name === '' ? 'experiment' : name
}

function look(model: readonly string[], file: string, cacheDir?: string): Promise<Found> {
  const [first = EMBEDDED, ...others] = model
  if (others.length > 0 || isProgram(first)) return program(model, file)
  if (!existsSync(first)) throw missing(first)
  const path = model.length === 0 ? EMBEDDED : pathFrom(file, first)
  return extname(first) === '.onnx' ? onnx(first, path) : checkpoint(first, path, cacheDir)
}

/** Says what to do, as far as a text that is no path shows what was meant. */
function missing(model: string): EpdError {
  const what = `${model}: there is no such file or folder`
  if (/^(hf:|https?:)/.test(model))
    return new EpdError('checkpoint-missing', `${what} here; give the path of one`, { wayOut: 'download' })
  const words = /\s/.test(model) ? '; give a program and each of its arguments as a word of its own' : ''
  return new EpdError('checkpoint-missing', `${what}${words}`)
}

/** Whether the system runs a file, or one of its endings tells that an interpreter does. */
function isProgram(path: string): boolean {
  const info = statSync(path, { throwIfNoEntry: false })
  if (!info?.isFile()) return false
  return extname(path) === '.py' || (extname(path) === '' && (info.mode & 0o111) !== 0)
}

function pathFrom(file: string, path: string): string {
  const from = relative(dirname(resolve(file)), resolve(path))
  return isAbsolute(from) || from.startsWith('..') || from.includes('/') || from.includes('\\') ? from : `./${from}`
}

async function checkpoint(path: string, written: string, cacheDir?: string): Promise<Found> {
  const model = await openModel({ checkpoint: path, cacheDir })
  return faced(model, { model: [`  checkpoint: ${quoted(written)}`], name: nameFor([path]) })
}

async function program(words: readonly string[], file: string): Promise<Found> {
  const command = extname(words[0]) === '.py' ? ['python3', ...words] : [...words]
  const here = dirname(resolve(file))
  const paths = command.map(word => (existsSync(word) ? relative(here, resolve(word)) : word))
  const model = await openCommandModel({ command: paths, version: '1', cwd: here, timeout: PATIENCE })
  return faced(model, {
    model: [
      `  command: [${paths.map(quoted).join(', ')}]`,
      "  version: '1' # of the program and its weights: change it when they change"
    ],
    name: nameFor(words)
  })
}

async function faced(model: Model, found: Pick<Found, 'model' | 'name'>): Promise<Found> {
  const { prompted, decoder, shape } = model
  try {
    return { ...found, range: rangeOf(model), shape: decoder?.shape ?? shape, prompted }
  } finally {
    await model.close()
  }
}

/** An ONNX file tells its inputs, and not what it was trained on. */
async function onnx(path: string, written: string): Promise<Found> {
  const { inputs } = await onnxInterface(path)
  const x = inputs.find(({ shape }) => shape.length === 4)
  const noise = inputs.find(({ shape }) => shape.length < 2)
  if (!x || !noise)
    throw new EpdError(
      'model-invalid',
      `${path}: expected an input of four dimensions and one of noise levels, found ${inputs.map(shown).join(', ')}`
    )
  const { rangeOfSteps } = await import('./starting-range.js')
  return {
    model: [
      `  onnx: ${quoted(written)}`,
      `  inputs: { x: ${quoted(x.name)}, noise: ${quoted(noise.name)} }`,
      '  predicts: epsilon # CHECK: what it answers; epsilon, v, x0 or flow',
      '  # CHECK: what it was trained on; docs/models.md has the other types, such as { type: flow }',
      '  noise: { type: steps, betas: { schedule: linear, start: 0.0001, end: 0.02, steps: 1000 } }',
      ...(x.shape.slice(1).every(size => size > 0) ? [] : ['  shape: [3, 32, 32] # CHECK: the size of a sample'])
    ],
    name: nameFor([path]),
    range: rangeOfSteps(),
    unsure: ['predicts', 'noise']
  }
}

function shown({ name, shape }: OnnxValue): string {
  return `${name} [${shape.join(', ')}]`
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

/** Seconds that a program may take to say what it is, such as to load its weights. */
const PATIENCE = 600

/** Values of a large image are many, so that few images are computed unless told otherwise. */
const LARGE = 3 * 64 * 64

function specOf({ model, name, range, shape = [], prompted = false }: Found): string {
  const isLarge = shape.reduce((product, size) => product * size, 1) > LARGE
  const [lessons, images] = isLarge ? ['50000-50015', '0-15'] : ['50000-50063', '0-63']
  const ends = `sigmaMin: ${digits(range.sigmaMin)}, sigmaMax: ${digits(range.sigmaMax)}`
  return `# yaml-language-server: $schema=${fileURLToPath(new URL('../../schemas/experiment.schema.json', import.meta.url))}

# Written by epd-run init. All keys: docs/reference, or the schema above in an editor. Check it by epd-run validate, see
# what it would compute by epd-run run --dry-run, and run it by epd-run run.
name: ${name}
description: EPD-Solver at 4 parallel evaluations${shape.length > 0 ? ` on a model of ${shape.join(' x ')}` : ''}

# Paths start from the folder of this file.
model:
${model.join('\n')}
${prompted ? "\n# Image n has the prompt n, and after the last the first again. { csv: FILE, column: NAME } reads a list.\nprompts: ['a photograph of a lighthouse at dawn', 'a bowl of fruit on a wooden table']\n" : ''}
# The sampler that is studied. It takes 4 parallel evaluations, of which each is made at 2 learned times at once.
solver:
  name: epd
  nfe: 4
  points: 2
  scaleDir: 0.05
  scaleTime: 0.05
  # From the model's largest noise level to its smallest.
  schedule: { type: polynomial, rho: 7, ${ends} }

stages:
  # Accurate trajectories to learn from: 3 points in each interval, each taken in 2 steps. More seeds are better.
  teacher: { kind: teacher, solver: { name: heun }, refine: 3, substeps: 2, seeds: ${lessons} }

  # What is learned from them, checked on seeds that it never sees.
  student: { kind: distill, teacher: teacher, optimizer: { name: levenberg-marquardt }, validation: 60000-60015 }

  # The student's images, and those of a plain solver with as many parallel evaluations.
  samples: { kind: sample, solver: student, seeds: ${images} }
  euler: { kind: sample, solver: { name: euler, nfe: 4 }, seeds: ${images} }

  # Where the ODE really leads, which takes many evaluations.
  reference: { kind: sample, solver: { name: heun, numSteps: 33 }, seeds: ${images} }

  # How near both come to that, image by image.
  score: { kind: score, samples: [samples, euler], reference: reference, metrics: [psnr, rmse] }
`
}

function digits(sigma: number): string {
  return String(Number(sigma.toPrecision(6)))
}
