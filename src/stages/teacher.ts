import { decodeNpy, encodeNpy } from '../checkpoints/npy.js'
import type { Trajectories } from '../distill/trajectories.js'
import type { Condition } from '../models/denoiser.js'
import { bound } from '../solvers/options.js'
import { solve } from '../solvers/solve.js'
import { teacherGrid } from '../solvers/teacher.js'
import { parallelNfe } from '../solvers/nfe.js'
import { checkCoordinates, type RawSolver } from '../solvers/read.js'
import { solverNamed, type Solvers } from '../solvers/registry.js'
import { gridOf, type GridSpec, type SolverChoice } from '../solvers/spec.js'
import type { GeneratorName } from '../random/latents.js'
import { orAxis, ref, typed, type KeySchemas, type ValuesOf } from '../reading/keys.js'
import { formatSeeds, SEEDS, type Seeds } from '../reading/seeds.js'
import type { Store } from '../store/store.js'
import type { StageKind } from './kind.js'
import type { StageSpec } from './spec.js'
import { npyFile, runShards, shardCount, start } from './shards.js'
import type { StageContext, StageCost } from './stage.js'

export interface TeacherStage {
  readonly kind: 'teacher'
  readonly name: string
  readonly solver: SolverChoice
  /** Time points that are put into each interval of the student's grid. */
  readonly refine: number
  /** Steps in each interval of the refined grid. */
  readonly substeps: number
  /** Whether the states at the points of `refine` are kept too, and not at the student's time points alone. */
  readonly keep?: 'refined'
  readonly seeds: Seeds
  readonly generator: GeneratorName
  /** The grid of the student, which the teacher refines. */
  readonly grid: GridSpec
}

const KEYS = {
  solver: {
    ...typed<SolverChoice>()(orAxis(ref('teacherSolver'))),
    description: 'The solver that takes the small steps.',
    default: { name: 'heun' },
    fixed: true
  },
  student: {
    ...typed<RawSolver>()(orAxis(ref('solver'))),
    description: 'The solver whose time points are refined. Default: the top-level solver.',
    fixed: true
  },
  refine: {
    description: "Time points put into each interval of the student's grid by its own schedule (M in the paper).",
    type: 'integer',
    minimum: 0,
    maximum: 10_000,
    default: 3
  },
  substeps: {
    description:
      'Steps in each interval of the refined grid, placed by the polynomial schedule with rho 7. With refine: 0 they are all placed so, which suits heun: for as many evaluations it is more accurate than refine: 3 on time_uniform.',
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    default: 2
  },
  keep: {
    description:
      "Which states are kept: those at the student's time points (grid), or also those at the points that refine puts between them (refined), among which the optimizer search looks for time points. Default: grid.",
    enum: ['grid', 'refined']
  },
  seeds: { ...SEEDS, description: 'The seeds whose trajectories are made: a student learns from them.', needed: true }
} as const satisfies KeySchemas

const spec: StageSpec<TeacherStage, ValuesOf<typeof KEYS>> = {
  description: "Solves accurately, on a refinement of a student's time points, and keeps the states at those points.",
  keys: KEYS,
  seeds: ['seeds'],
  ownSolver: 'student',
  references: () => [],
  resolve({ solver, student, refine, substeps, keep }, context) {
    const { name, seeds, studied, chosen, generator, solvers, path, report } = context
    const own = seeds('seeds')
    const followed = student === undefined ? studied : chosen
    if (!own || !followed) return undefined
    const grid = gridOf(followed.solver)
    const sound = checkCoordinates(solverNamed(solver.name, solvers), solver, grid, [...path, 'solver'], report)
    if (!sound) return undefined
    const kept = keep === 'refined' && { keep }
    return { kind: 'teacher', seeds: own, solver, refine, substeps, ...kept, name, generator, grid }
  }
}

export const teacher: StageKind<TeacherStage> = {
  kind: 'teacher',
  version: 1,
  spec,
  inputs: () => [],
  renamed: (stage, rename) => ({ ...stage, name: rename(stage.name) }),
  identity({ solver, refine, substeps, keep, grid, seeds, generator }, { promptsOf }) {
    const params = { solver, refine, substeps, ...(keep && { keep }), grid, seeds, generator }
    return {
      params,
      besides: promptsOf && { prompts: seeds.map(seed => promptsOf([seed])[0]) },
      inputs: [],
      evaluatesModel: true
    }
  },
  cost: (stage, { solvers }) => ({ evaluations: evaluationsOf(stage, solvers), atMost: false }),
  summary: stage => `${stage.solver.name}, ${stepsOf(stage)} steps, seeds ${formatSeeds(stage.seeds)}`,
  shards: ({ seeds }) => shardCount(seeds),
  solver: ({ solver }) => solver,
  timePoints: {
    schedule: ({ grid }) => grid,
    changed({ grid: { numSteps, ...schedule }, ...stage }, change) {
      return { ...stage, grid: { ...change(schedule), numSteps } }
    }
  },
  run
}

/** The time points at which a teacher keeps states. */
export function keptPoints({ refine, keep, grid }: TeacherStage): number {
  return (keep === 'refined' ? refine + 1 : 1) * (grid.numSteps - 1) + 1
}

/** The small steps between the first of the student's time points and the last. */
function stepsOf({ refine, substeps, grid }: TeacherStage): number {
  return (refine + 1) * (grid.numSteps - 1) * substeps
}

function evaluationsOf(stage: TeacherStage, solvers: Solvers): number {
  return stage.seeds.length * parallelNfe(bound(stage.solver, solvers), stepsOf(stage) + 1)
}

/** Solves the ODE on a refined grid for each seed, and keeps the states at the student's time points. */
async function run(stage: TeacherStage, context: StageContext): Promise<StageCost> {
  const { grid, refine, substeps, keep, seeds } = stage
  const { solvers } = context
  const solver = bound(stage.solver, solvers)
  return runShards({ seeds, evaluations: evaluationsOf(stage, solvers) }, context, model => {
    const { sigmas, every } = teacherGrid({ ...grid, model }, { refine, substeps })
    const apart = keep === 'refined' ? substeps : every
    const isKept = (_: unknown, i: number) => i % apart === 0
    return {
      async compute(shard) {
        const { x, condition } = start(shard.seeds, model, sigmas[0], stage.generator, grid.noiseScale, context)
        const { trajectory, nfe, evaluations } = await solve({
          model,
          solver,
          x,
          sigmas,
          condition,
          signal: context.signal
        })
        const states = trajectory.filter(isKept)
        return { states, condition, nfe, evaluations: evaluations * shard.seeds.length }
      },
      encode({ states, condition }, shard) {
        const data = new Float64Array(states.length * states[0].length)
        states.forEach((state, i) => {
          data.set(state, i * state.length)
        })
        const shape = [states.length, shard.seeds.length, ...model.shape]
        return [
          npyFile('trajectories', encodeNpy({ dtype: 'float64', shape, data })),
          ...labelFiles(condition, shard.seeds.length),
          ...(keep === 'refined' ? [sigmasFile(sigmas.filter(isKept))] : [])
        ]
      }
    }
  })
}

function labelFiles(condition: Condition | undefined, count: number) {
  if (!condition?.labels) return []
  return [npyFile('labels', encodeNpy({ dtype: 'float64', shape: [count], data: Float64Array.from(condition.labels) }))]
}

/** The noise levels of the states that are kept. */
function sigmasFile(sigmas: Float64Array) {
  return npyFile('sigmas', encodeNpy({ dtype: 'float64', shape: [sigmas.length], data: sigmas }))
}

/** What a teacher stage has left, shard by shard. */
export async function* readTrajectories(
  store: Store,
  key: string,
  promptsOf?: StageContext['promptsOf']
): AsyncGenerator<Trajectories> {
  const files = store.artifacts(key, 'trajectories')
  const labels = new Map(store.artifacts(key, 'labels').map(artifact => [artifact.position, artifact]))
  const levels = new Map(store.artifacts(key, 'sigmas').map(artifact => [artifact.position, artifact]))
  for (const { position, seeds } of store.shards(key)) {
    const artifact = files.find(one => one.position === position)
    if (!artifact) continue
    const { shape, data } = decodeNpy(store.readArtifact(artifact))
    const all = Float64Array.from(data)
    const size = all.length / shape[0]
    const labelled = labels.get(position)
    const level = levels.get(position)
    yield {
      seeds,
      states: Array.from({ length: shape[0] }, (_, i) => all.subarray(i * size, (i + 1) * size)),
      ...(level && { sigmas: Float64Array.from(decodeNpy(store.readArtifact(level)).data) }),
      condition:
        labelled || promptsOf
          ? {
              labels: labelled && Int32Array.from(decodeNpy(store.readArtifact(labelled)).data),
              prompts: promptsOf?.(seeds)
            }
          : undefined
    }
    await Promise.resolve()
  }
}
