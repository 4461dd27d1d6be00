import { EpdError } from '../errors.js'
import { encodeNpy } from '../checkpoints/npy.js'
import { toUint8 } from '../images/uint8.js'
import type { Condition } from '../models/denoiser.js'
import { schedule } from '../solvers/schedule.js'
import { solve } from '../solvers/solve.js'
import { endsAtZero } from '../solvers/spec.js'
import { latentsAndLabels, type GeneratorName } from '../random/latents.js'
import { gridOf, type ScheduleSpec, type SolverSpec } from '../solvers/spec.js'
import { differenceOf } from '../solvers/grids.js'
import { orAxis, ref, typed, type KeySchemas, type ValuesOf } from '../reading/keys.js'
import { expected, quote } from '../reading/problem.js'
import { formatSeeds, SEEDS, type Seeds } from '../reading/seeds.js'
import { hasParameters } from '../solvers/learned.js'
import type { RawSolver, RawUsed } from '../solvers/read.js'
import { reused } from '../solvers/reuse.js'
import { solverNamed, type Solvers } from '../solvers/registry.js'
import { evaluationsASample } from './cost.js'
import type { DecodeStage } from './decode.js'
import { decodedName } from './decoded-name.js'
import { distill } from './distill.js'
import {
  isOf,
  solverWords,
  type Around,
  type StageBase,
  type KnownModel,
  type Mismatch,
  type StageKind
} from './kind.js'
import { fitOf } from './fit.js'
import { npyFile, runShards, shardCount, start } from './shards.js'
import { predictorIn, reference, STAGE_NAME, type ResolveContext, type StageSpec } from './spec.js'
import { samplerOf, type ChosenSolver } from './solver.js'
import type { StageContext, StageCost } from './stage.js'

export interface SampleStage extends ChosenSolver {
  readonly kind: 'sample'
  readonly name: string
  readonly seeds: Seeds
  readonly generator: GeneratorName
  /** The most samples that the model is given at once. */
  readonly batch: number
  /** Whether each image is also written as a PNG of its own. */
  readonly images: boolean
  /**
   * The classes that seeds are sampled of: seed i has the one at i modulo their number. Without them, seeds draw
   * theirs.
   */
  readonly labels?: readonly number[]
}

const KEYS = {
  solver: {
    ...typed<RawSolver | RawUsed | string>()({
      title: 'a solver, or the name of a distill stage',
      if: { type: 'string' },
      then: orAxis(STAGE_NAME),
      else: ref('solverOrUsed')
    }),
    description:
      "A solver of the stage's own, a predictor in use, or the name of a distill stage whose student to sample with. Default: the top-level solver.",
    fixed: true
  },
  seeds: { ...SEEDS, description: 'The seeds to sample, one an image.', needed: true },
  batch: {
    description:
      "The most samples that the model is given at once. On a CPU with onnx it changes no result; elsewhere it may change the last bits, and is part of a result's name.",
    type: 'integer',
    minimum: 1,
    maximum: 65_536,
    default: 64
  },
  labels: {
    title: 'a list of classes',
    description:
      'The classes to sample, from 0, of a model that has some: the sample of seed i has class i of the list, from the first again when they are used up. Default: the class that each seed draws.',
    type: 'array',
    minItems: 1,
    items: { title: 'a class', type: 'integer', minimum: 0 }
  },
  images: {
    description: 'Whether each image is also written as a PNG of its own, beside the overview.',
    type: 'boolean',
    default: false
  }
} as const satisfies KeySchemas

const spec: StageSpec<SampleStage, ValuesOf<typeof KEYS>> = {
  description: "Solves from each seed's noise to an image.",
  keys: KEYS,
  seeds: ['seeds'],
  ownSolver: 'solver',
  references: written => [
    ...reference(written, ['solver'], 'distill'),
    ...reference(written, ['solver', 'from'], 'distill').filter(({ to }) => predictorIn(to) === undefined)
  ],
  resolve({ solver: given, batch, images, labels }, context) {
    const seeds = context.seeds('seeds')
    const sampler = samplerIn(given, context)
    if (!seeds || !sampler) return undefined
    const { name, generator } = context
    return { kind: 'sample', batch, images, name, seeds, generator, ...sampler, ...(labels && { labels }) }
  }
}

type Sampler = Pick<SampleStage, 'solver' | 'from' | 'predictor' | 'mismatched'>

/** The solver that a stage samples with: its own, the top-level one, or that of a distill stage. */
function samplerIn(given: ValuesOf<typeof KEYS>['solver'], context: ResolveContext): Sampler | undefined {
  const { studied, chosen: own, find, report, solvers } = context
  const path = [...context.path, 'solver']
  const used = typeof given === 'string' ? { from: given } : given && !('name' in given) ? given : undefined
  if (used && predictorIn(used.from) === undefined) {
    const student = studentOf(find(used.from))
    const chosen = student && reused(student, used, `stage ${quote(used.from)}`, path, context)
    return chosen && { ...chosen, from: used.from }
  }
  const chosen = given === undefined ? studied : own
  if (!chosen || chosen.predictor || !hasParameters(solverNamed(chosen.solver.name, solvers).learns)) return chosen
  const what = `the name of a distill stage, or { from: "predictor:NAME" }, from which ${chosen.solver.name} takes what was learned`
  report(path, expected(what, given))
  return undefined
}

export const sample: StageKind<SampleStage> = {
  kind: 'sample',
  version: 2,
  spec,
  inputs: ({ from }) => (from === undefined ? [] : [from]),
  renamed(stage, rename) {
    return { ...stage, name: rename(stage.name), from: stage.from === undefined ? undefined : rename(stage.from) }
  },
  identity({ solver, seeds, generator, from, predictor, mismatched, batch, labels }, { promptsOf }) {
    return {
      params: { solver, seeds, generator, mismatched, learned: predictor?.learned, labels },
      besides: promptsOf && { prompts: seeds.map(seed => promptsOf([seed])[0]) },
      inputs: from === undefined ? [] : [from],
      evaluatesModel: true,
      batch
    }
  },
  cost(stage, { solvers }) {
    const { stopsItself } = solverNamed(stage.solver.name, solvers)
    return { evaluations: evaluationsOf(stage, solvers), atMost: stopsItself !== undefined }
  },
  summary({ solver, predictor, seeds }) {
    return `${solverWords(solver)}${predictor ? ` of ${predictor.name}` : ''}, seeds ${formatSeeds(seeds)}`
  },
  derived({ name, images }, _, { decoder } = {}): DecodeStage[] {
    if (!decoder) return []
    const { digest, scale, engine } = decoder
    return [{ kind: 'decode', name: decodedName(name), samples: name, images, decoder: { digest, scale, engine } }]
  },
  shards: ({ seeds }) => shardCount(seeds),
  solver: ({ solver }) => solver,
  timePoints: {
    schedule: ({ solver }) => solver.schedule,
    changed: (stage, change) => ({ ...stage, solver: { ...stage.solver, schedule: change(stage.solver.schedule) } }),
    compared
  },
  fit({ name, solver, predictor, labels }, model, solvers) {
    checkLabels(name, labels, model)
    return fitOf(name, solver, predictor, model, solvers)
  },
  pictures: ({ name, images }) => ({ name, each: images }),
  run
}

/** @throws EpdError `spec-invalid` for classes that the model does not have */
function checkLabels(stage: string, labels: SampleStage['labels'], { labelDim }: KnownModel): void {
  const wrong = labels?.find(label => label >= labelDim)
  if (wrong === undefined) return
  const has = labelDim === 0 ? 'none, since the model has no classes' : `classes from 0 to ${labelDim - 1}`
  throw new EpdError('spec-invalid', `stage "${stage}": labels: expected ${has}, found ${wrong}`)
}

/** What says which classes seeds are sampled of. */
export type Asked = Pick<SampleStage, 'generator' | 'labels'>

/** The class that each seed is sampled of, of a model with classes. */
export function classesOfSeeds(
  { generator, labels }: Asked,
  seeds: readonly number[],
  { shape, labelDim }: Pick<KnownModel, 'shape' | 'labelDim'>
): Int32Array {
  const drawn = labels ? undefined : { labels: latentsAndLabels({ seeds, shape, labelDim, generator }).labels }
  return labelled(drawn, seeds, labels)?.labels ?? new Int32Array(0)
}

/** The condition of seeds, with the classes of a list in place of those that they have drawn. */
function labelled(drawn: Condition | undefined, seeds: readonly number[], labels: SampleStage['labels']) {
  return labels ? { ...drawn, labels: Int32Array.from(seeds, seed => labels[seed % labels.length]) } : drawn
}

/** Whether a stage samples with what a distill stage has found, or with a predictor. */
export function usesLearned({ from, predictor }: SampleStage): boolean {
  return from !== undefined || predictor !== undefined
}

function evaluationsOf({ seeds, solver }: SampleStage, solvers: Solvers): number {
  return seeds.length * evaluationsASample(solver, solvers)
}

/**
 * How time points differ from those that the predictor was distilled for, where that was not known before the model was
 * open.
 */
function compared(
  stage: SampleStage,
  { find, solvers }: Around,
  change: (schedule: ScheduleSpec) => ScheduleSpec
): Mismatch<SampleStage> | undefined {
  const { solver, from, predictor, mismatched } = stage
  if (mismatched) return undefined
  const student = from === undefined ? predictor?.solver : studentOf(find(from))
  if (!student) return undefined
  const own = { ...student, schedule: change(student.schedule) }
  const difference = differenceOf(gridOf(solver), gridOf(own), false)
  if (!difference) return undefined
  const message = `its predictor was distilled for ${difference.taught}, and is used on ${difference.found}`
  if (solverNamed(solver.name, solvers).ownTimePoints)
    throw new EpdError('predictor-mismatch', `stage "${stage.name}": ${message}; a table has no other time points`)
  return { message, stage: { ...stage, mismatched: true } }
}

function studentOf(stage: StageBase | undefined): SolverSpec | undefined {
  return isOf(distill, stage) ? stage.student : undefined
}

/** Solves the ODE from each seed's noise to an image, shard by shard. */
async function run(stage: SampleStage, context: StageContext): Promise<StageCost> {
  const { solver, sigmas: learned } = samplerOf(stage, context)
  const { schedule: grid } = stage.solver
  const { imageFiles } = await import('./image-files.js')
  return runShards({ seeds: stage.seeds, evaluations: evaluationsOf(stage, context.solvers) }, context, model => {
    const { shape } = model
    const sigmas = learned
      ? endsAtZero(grid) && learned.at(-1) !== 0
        ? Float64Array.of(...learned, 0)
        : learned
      : schedule({ ...grid, numSteps: stage.solver.numSteps, model })
    return {
      async compute(shard) {
        const { x, condition: drawn } = start(shard.seeds, model, sigmas[0], stage.generator, grid.noiseScale, context)
        const solution = await solve({
          model,
          solver,
          x,
          sigmas,
          condition: labelled(drawn, shard.seeds, stage.labels),
          batchSize: stage.batch,
          signal: context.signal
        })
        return { x: solution.x, nfe: solution.nfe, evaluations: solution.evaluations * shard.seeds.length }
      },
      encode({ x }, shard) {
        const count = shard.seeds.length
        const data = Float32Array.from(x)
        const samples = npyFile('samples', encodeNpy({ dtype: 'float32', shape: [count, ...shape], data }))
        if (model.decoder) return [samples]
        return [samples, ...imageFiles(toUint8(x, shape), shape, shard.position)]
      }
    }
  })
}
