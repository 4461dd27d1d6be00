import { decodeNpy, encodeNpy } from '../checkpoints/npy.js'
import type { Trajectories } from '../distill/trajectories.js'
import type { Condition } from '../models/denoiser.js'
import { bound } from '../solvers/options.js'
import { solve } from '../solvers/solve.js'
import { teacherGrid } from '../solvers/teacher.js'
import type { TeacherStage } from '../spec/experiment.js'
import type { Store } from '../store/store.js'
import { npyFile, runShards, start } from './shards.js'
import type { StageContext, StageCost } from './stage.js'

/** Solves the ODE on a refined grid for each seed, and keeps the states at the student's time points. */
export async function run(stage: TeacherStage, context: StageContext): Promise<StageCost> {
  const { grid, refine, substeps } = stage
  const solver = bound(stage.solver, context.solvers)
  return runShards(stage, context, model => {
    const { sigmas, every } = teacherGrid({ ...grid, model }, { refine, substeps })
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
        const states = trajectory.filter((_, i) => i % every === 0)
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
          ...labelFiles(condition, shard.seeds.length)
        ]
      }
    }
  })
}

function labelFiles(condition: Condition | undefined, count: number) {
  if (!condition?.labels) return []
  return [npyFile('labels', encodeNpy({ dtype: 'float64', shape: [count], data: Float64Array.from(condition.labels) }))]
}

/** What a teacher stage has left, shard by shard. */
export async function* readTrajectories(
  store: Store,
  key: string,
  promptsOf?: StageContext['promptsOf']
): AsyncGenerator<Trajectories> {
  const files = store.artifacts(key, 'trajectories')
  const labels = new Map(store.artifacts(key, 'labels').map(artifact => [artifact.position, artifact]))
  for (const { position, seeds } of store.shards(key)) {
    const artifact = files.find(one => one.position === position)
    if (!artifact) continue
    const { shape, data } = decodeNpy(store.readArtifact(artifact))
    const all = Float64Array.from(data)
    const size = all.length / shape[0]
    const labelled = labels.get(position)
    yield {
      seeds,
      states: Array.from({ length: shape[0] }, (_, i) => all.subarray(i * size, (i + 1) * size)),
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
