/**
 * How accurate a teacher is by where it puts its steps, as Markdown: RMSE of its last states to a solution with 512
 * evaluations, on an embedded model. `--model` names it (shapes16), `--seeds` how many trajectories are solved (32).
 * Three minutes on two cores for shapes16, ten for fashion28.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { teach } from '../src/distill/teach.js'
import { openModel } from '../src/models/open.js'
import type { ScheduleOptions } from '../src/solvers/schedule.js'

const { values } = parseArgs({
  options: { model: { type: 'string', default: 'shapes16' }, seeds: { type: 'string', default: '32' } }
})
const checkpoint = fileURLToPath(new URL(`../models/${values.model}/${values.model}.safetensors`, import.meta.url))
const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed)
const REFINEMENTS = [
  { refine: 3, substeps: 2 },
  { refine: 0, substeps: 8 },
  { refine: 3, substeps: 4 },
  { refine: 0, substeps: 16 },
  { refine: 0, substeps: 32 }
]
/** The intervals of epd with two points and afs, by its parallel NFE. */
const INTERVALS = { 3: 2, 5: 3, 7: 4, 9: 5 }

const model = await openModel({ checkpoint })
const range = { sigmaMin: 0.002, sigmaMax: 80 }

/** The states that a teacher ends with, and the evaluations of each. */
async function ends(grid: ScheduleOptions, refine: number, substeps: number) {
  const teacher = { solver: { name: 'heun' }, refine, substeps, grid } as const
  const { trajectories, evaluations } = await teach({ model, teacher, seeds })
  return { x: trajectories.states[trajectories.states.length - 1], each: evaluations / seeds.length }
}

const exact = await ends({ type: 'polynomial', rho: 7, numSteps: 2, ...range }, 0, 256)
const rmse = (x: Float64Array) => Math.sqrt(x.reduce((sum, value, i) => sum + (value - exact.x[i]) ** 2, 0) / x.length)

const row = (cells: readonly unknown[]) => {
  console.log(`| ${cells.join(' | ')} |`)
}
const head = ['refine', 'substeps', ...Object.keys(INTERVALS).map(nfe => `${nfe} NFE`)]
row(head)
row(head.map(() => '---'))
for (const { refine, substeps } of REFINEMENTS) {
  const cells: string[] = []
  for (const intervals of Object.values(INTERVALS)) {
    const { x, each } = await ends(
      { type: 'time_uniform', rho: 1, numSteps: intervals + 1, ...range },
      refine,
      substeps
    )
    cells.push(`${rmse(x).toPrecision(2)} (${each})`)
  }
  row([refine, substeps, ...cells])
}
await model.close()
