import { encodeNpy } from '../checkpoints/npy.js'
import { grid } from '../images/grid.js'
import { encodePng } from '../images/png.js'
import { toUint8 } from '../images/uint8.js'
import { schedule } from '../solvers/schedule.js'
import { solve } from '../solvers/solve.js'
import { endsAtZero } from '../solvers/spec.js'
import type { Shape } from '../models/denoiser.js'
import type { SampleStage } from '../spec/experiment.js'
import { npyFile, runShards, start, type ShardFile } from './shards.js'
import { samplerOf } from './solver.js'
import type { StageContext, StageCost } from './stage.js'

/** Images in the overview of a sample stage. */
const GRID_IMAGES = 64

/** Solves the ODE from each seed's noise to an image, shard by shard. */
export async function run(stage: SampleStage, context: StageContext): Promise<StageCost> {
  const { solver, sigmas: learned } = samplerOf(stage, context)
  const { schedule: grid } = stage.solver
  return runShards(stage, context, model => {
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

/** The images of a shard, [count, height, width, channels], and, of the first, an overview. */
export function imageFiles(bytes: Uint8Array, shape: Shape, position: number): ShardFile[] {
  const [channels, height, width] = shape
  const size = channels * height * width
  const images = encodeNpy({ dtype: 'uint8', shape: [bytes.length / size, height, width, channels], data: bytes })
  if (position > 0 || (channels !== 1 && channels !== 3)) return [npyFile('images', images)]
  const png = encodePng(grid(bytes.subarray(0, GRID_IMAGES * size), shape))
  return [npyFile('images', images), { name: 'grid', data: png, extension: 'png', mediaType: 'image/png' }]
}
