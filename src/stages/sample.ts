import { encodeNpy } from '../checkpoints/npy.js'
import { toUint8 } from '../images/uint8.js'
import { schedule } from '../solvers/schedule.js'
import { solve } from '../solvers/solve.js'
import { endsAtZero } from '../solvers/spec.js'
import type { GeneratorName } from '../random/latents.js'
import { gridOf, type ScheduleSpec, type SolverSpec, type StudentSpec } from '../solvers/spec.js'
import { differenceOf } from '../spec/grids.js'
import { formatSeeds } from '../spec/seeds.js'
import type { PredictorRecord } from '../predictors/record.js'
import { evaluationsASample } from './cost.js'
import type { DecodeStage } from './decode.js'
import { distill } from './distill.js'
import { decodedName, imageFiles } from './image-files.js'
import { isOf, solverWords, type FindStage, type StageBase, type Mismatch, type StageKind } from './kind.js'
import { fitOf } from './fit.js'
import { npyFile, runShards, start } from './shards.js'
import { samplerOf } from './solver.js'
import type { StageContext, StageCost } from './stage.js'

export interface SampleStage {
  readonly kind: 'sample'
  readonly name: string
  readonly solver: SolverSpec
  /** The distill stage whose predictor, network or time points the solver takes. */
  readonly from?: string
  /** The predictor that the solver takes where no stage has it. */
  readonly predictor?: PredictorRecord
  /** Whether it is on other time points than those that it was distilled for. */
  readonly mismatched?: true
  readonly seeds: readonly number[]
  readonly generator: GeneratorName
  /** The most samples that the model is given at once. */
  readonly batch: number
  /** Whether each image is also written as a PNG of its own. */
  readonly images: boolean
}

export const sample: StageKind<SampleStage> = {
  kind: 'sample',
  version: 2,
  inputs: ({ from }) => (from === undefined ? [] : [from]),
  renamed(stage, rename) {
    return { ...stage, name: rename(stage.name), from: stage.from === undefined ? undefined : rename(stage.from) }
  },
  identity({ solver, seeds, generator, from, predictor, mismatched, batch }, { promptsOf }) {
    return {
      params: { solver, seeds, generator, mismatched, learned: predictor?.learned },
      besides: promptsOf && { prompts: promptsOf(seeds) },
      inputs: from === undefined ? [] : [from],
      evaluatesModel: true,
      batch
    }
  },
  cost: stage => ({ evaluations: evaluationsOf(stage), atMost: stage.solver.name === 'paradigms' }),
  summary({ solver, predictor, seeds }) {
    return `${solverWords(solver)}${predictor ? ` of ${predictor.name}` : ''}, seeds ${formatSeeds(seeds)}`
  },
  derived({ name, images }, _, { decoder } = {}): DecodeStage[] {
    if (!decoder) return []
    const { digest, scale, engine } = decoder
    return [{ kind: 'decode', name: decodedName(name), samples: name, images, decoder: { digest, scale, engine } }]
  },
  timePoints: {
    schedule: ({ solver }) => solver.schedule,
    changed: (stage, change) => ({ ...stage, solver: { ...stage.solver, schedule: change(stage.solver.schedule) } }),
    compared
  },
  fit: ({ name, solver, predictor }, model) => fitOf(name, solver, predictor, model),
  pictures: ({ name, images }) => ({ name, each: images }),
  run
}

function evaluationsOf({ seeds, solver }: SampleStage): number {
  return seeds.length * evaluationsASample(solver)
}

/** How time points differ from those that the predictor was distilled for, where that was not known before the model was open. */
function compared(
  stage: SampleStage,
  find: FindStage,
  change: (schedule: ScheduleSpec) => ScheduleSpec
): Mismatch<SampleStage> | undefined {
  const { solver, from, predictor, mismatched } = stage
  if (mismatched || solver.name === 'paradigms') return undefined
  const student = from === undefined ? predictor?.solver : studentOf(find(from))
  if (!student) return undefined
  const own = { ...student, schedule: change(student.schedule) }
  const difference = differenceOf(gridOf(solver), gridOf(own), false)
  if (!difference) return undefined
  const message = `its predictor was distilled for ${difference.taught}, and is used on ${difference.found}`
  return { message, stage: { ...stage, mismatched: true } }
}

function studentOf(stage: StageBase | undefined): StudentSpec | undefined {
  return isOf(distill, stage) ? stage.student : undefined
}

/** Solves the ODE from each seed's noise to an image, shard by shard. */
async function run(stage: SampleStage, context: StageContext): Promise<StageCost> {
  const { solver, sigmas: learned } = samplerOf(stage, context)
  const { schedule: grid } = stage.solver
  return runShards({ seeds: stage.seeds, evaluations: evaluationsOf(stage) }, context, model => {
    const { shape } = model
    const sigmas = learned
      ? endsAtZero(grid)
        ? Float64Array.of(...learned, 0)
        : learned
      : schedule({ ...grid, numSteps: stage.solver.numSteps, model })
    return {
      async compute(shard) {
        const { x, condition } = start(shard.seeds, model, sigmas[0], stage.generator, grid.noiseScale, context)
        const solution = await solve({
          model,
          solver,
          x,
          sigmas,
          condition,
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
