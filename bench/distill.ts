/**
 * How well EPD is distilled on shapes16 at 5 parallel NFE, as Markdown: the error of solvers, of EPD with 1 to 4
 * points, and Levenberg-Marquardt against Adam. `--adam N`: Adam's iterations of 32 trajectories; 313, the whole
 * recipe, unless told otherwise. `--runs N`: runs of each optimiser, 5 unless told otherwise.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { distill, type DistillOptions } from '../src/distill/distill.js'
import { meanSquare } from '../src/distill/objective.js'
import type { EpdStudent } from '../src/solvers/epd.js'
import { teach } from '../src/distill/teach.js'
import { openModel } from '../src/models/open.js'
import { latents } from '../src/random/latents.js'
import type { SolverOptions } from '../src/solvers/options.js'
import { schedule, type ScheduleOptions } from '../src/solvers/schedule.js'
import { solve } from '../src/solvers/solve.js'

const { values } = parseArgs({
  options: { adam: { type: 'string', default: '313' }, runs: { type: 'string', default: '5' } }
})
const [adamIterations, runs] = [Number(values.adam), Number(values.runs)]

const checkpoint = fileURLToPath(new URL('../models/shapes16/shapes16.safetensors', import.meta.url))
const model = await openModel({ checkpoint })
const range = { sigmaMin: 0.002, sigmaMax: 80 }
const gridOf = (numSteps: number): ScheduleOptions => ({ type: 'time_uniform', rho: 1, numSteps, ...range })
const teacher = { solver: { name: 'heun' }, refine: 3, substeps: 2, grid: gridOf(4) } as const
const sigmas = schedule(gridOf(4))

const seeds = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)
const unseen = latents({ seeds: seeds(70_000, 128), shape: model.shape }).map(value => value * range.sigmaMax)
const reference = schedule({ type: 'polynomial', rho: 7, numSteps: 33, ...range })
const truth = await solve({ model, solver: { name: 'heun' }, x: unseen, sigmas: reference })

/** RMSE to the reference solution on unseen seeds. */
async function error(solver: SolverOptions, at = sigmas): Promise<string> {
  const { x } = await solve({ model, solver, x: unseen, sigmas: at })
  return rms(meanSquare([x], [truth.x], [0]))
}
const rms = (square: number) => Math.sqrt(square).toFixed(4)
const row = (...cells: (string | number)[]) => {
  console.log(`| ${cells.map(cell => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)).join(' | ')} |`)
}

const validation = (await teach({ model, teacher, seeds: seeds(60_000, 64) })).trajectories
const training = async (run: number) =>
  (await teach({ model, teacher, seeds: seeds(50_000 + 100 * run, 64) })).trajectories
const own = await training(0)

console.log('RMSE to the reference solution on 128 unseen seeds, shapes16, 5 parallel NFE\n')
row('solver', 'RMSE')
row('---', '---')
row('euler', await error({ name: 'euler', afs: true }, schedule(gridOf(7))))
row('heun', await error({ name: 'heun', afs: true }))
row('dpm2', await error({ name: 'dpm2', afs: true }))
for (const maxOrder of [2, 3, 4])
  row(`ipndm, order ${maxOrder}`, await error({ name: 'ipndm', afs: true, maxOrder }, schedule(gridOf(7))))

const epd = { name: 'epd', afs: true, ranges: { scaleDir: 0.05, scaleTime: 0.05 } } as const
const students = [
  ...[1, 2, 3, 4].map(points => ({ name: `K ${points}`, student: { ...epd, points } })),
  ...[2, 3].map(maxOrder => ({
    name: `K 2, plug-in of ipndm, order ${maxOrder}`,
    student: { ...epd, points: 2, base: 'ipndm' as const, maxOrder }
  }))
]
console.log('\nLevenberg-Marquardt, 64 trajectories\n')
row('student', 'fit', 'training', 'validation', 'unseen', 'evaluations')
row('---', '---', '---', '---', '---', '---')
for (const { name, student } of students)
  for (const [fit, finalIterations] of [
    ['step by step', 0],
    ['default', 1],
    ['5 from end to end', 5]
  ] as const) {
    const found = await distil({ student, teacher: own, optimizer: { name: 'levenberg-marquardt', finalIterations } })
    row(name, fit, ...found.cells, found.evaluations)
  }

console.log('\nEach run with 64 training seeds of its own, K 2; an evaluation with backpropagation counts three\n')
row('optimiser', 'run', 'training', 'validation', 'unseen', 'evaluations', 'as with backpropagation')
row('---', '---', '---', '---', '---', '---', '---')
for (const optimizer of [
  { name: 'levenberg-marquardt', finalIterations: 0 },
  { name: 'levenberg-marquardt' },
  { name: 'adam', trajectories: 32 * adamIterations }
] as const) {
  const name = 'finalIterations' in optimizer ? `${optimizer.name}, step by step` : optimizer.name
  const losses: number[] = []
  for (let run = 0; run < runs; run++) {
    const student = { ...epd, points: 2 }
    const found = await distil({ student, teacher: await training(run), optimizer, seed: run })
    losses.push(found.validationLoss ?? NaN)
    row(name, run, ...found.cells, found.evaluations, found.backpropagated ?? found.evaluations)
  }
  row(name, 'median', '', rms(losses.sort((a, b) => a - b)[Math.floor(runs / 2)]), '', '', '')
}
await model.close()

async function distil(options: Omit<DistillOptions<EpdStudent>, 'model' | 'sigmas' | 'validation'>) {
  const found = await distill({ model, sigmas, validation, ...options })
  const { loss, validationLoss = NaN, learned } = found
  const cells = [rms(loss), rms(validationLoss), await error({ ...options.student, predictor: learned })]
  return { ...found, cells }
}
