import { encodeNpy } from '../checkpoints/npy.js'
import { grid } from '../images/grid.js'
import { encodePng } from '../images/png.js'
import { toUint8 } from '../images/uint8.js'
import { schedule } from '../solvers/schedule.js'
import { solve } from '../solvers/solve.js'
import type { SampleStage } from '../spec/experiment.js'
import { noise } from '../solvers/noise.js'
import { runShards } from './shards.js'
import { samplerOf } from './solver.js'
import type { StageContext, StageCost } from './stage.js'

/** Images in the overview of a sample stage. */
const GRID_IMAGES = 64

/** Solves the ODE from each seed's noise to an image, shard by shard. */
export async function run(stage: SampleStage, context: StageContext): Promise<StageCost> {
  const { solver, sigmas: learned } = samplerOf(stage, context)
  return runShards(stage, context, model => {
    const { shape } = model
    const sigmas = learned ?? schedule({ ...stage.solver.schedule, numSteps: stage.solver.numSteps, model })
    return {
      async compute(shard) {
        const { x, condition } = noise(shard.seeds, model, sigmas[0], stage.generator)
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
        const [channels, height, width] = shape
        const bytes = toUint8(x, shape)
        const files = [
          npy('samples', encodeNpy({ dtype: 'float32', shape: [count, ...shape], data: Float32Array.from(x) })),
          npy('images', encodeNpy({ dtype: 'uint8', shape: [count, height, width, channels], data: bytes }))
        ]
        if (shard.position > 0) return files
        const shown = bytes.subarray(0, GRID_IMAGES * channels * height * width)
        const png = encodePng(grid(shown, shape))
        return [...files, { name: 'grid', data: png, extension: 'png', mediaType: 'image/png' }]
      }
    }
  })
}

function npy(name: string, data: Uint8Array) {
  return { name, data, extension: 'npy', mediaType: 'application/x-npy' }
}
