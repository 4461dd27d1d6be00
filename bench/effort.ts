/**
 * What a distillation costs against the paper's, as Markdown: evaluations until Levenberg-Marquardt's validation loss
 * is that which Adam's whole recipe ends with, Adam's counted as with backpropagation (three for a forward and a
 * backward). EPD, K 2, 5 parallel NFE with afs. `--only mixture|shapes16` takes one model; shapes16 is half an hour a
 * run on two cores. `--runs N`: 3 unless told otherwise.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { distill, type OptimizerOptions } from '../src/distill/distill.js'
import { teach } from '../src/distill/teach.js'
import type { Denoiser } from '../src/models/denoiser.js'
import { openModel } from '../src/models/open.js'
import { schedule, type ScheduleOptions } from '../src/solvers/schedule.js'
import { mixture } from '../test/support/mixture.js'

const { values } = parseArgs({ options: { only: { type: 'string' }, runs: { type: 'string', default: '3' } } })
const shapes16 = fileURLToPath(new URL('../models/shapes16/shapes16.safetensors', import.meta.url))
const models: Record<string, () => Promise<Denoiser>> = {
  mixture: () => Promise.resolve(mixture),
  shapes16: () => openModel({ checkpoint: shapes16 })
}

const grid: ScheduleOptions = { type: 'time_uniform', rho: 1, numSteps: 4, sigmaMin: 0.002, sigmaMax: 80 }
const teacher = { solver: { name: 'heun' }, refine: 3, substeps: 2, grid } as const
const student = { name: 'epd', afs: true, points: 2, ranges: { scaleDir: 0.05, scaleTime: 0.05 } } as const
const seeds = (first: number, count = 64) => Array.from({ length: count }, (_, i) => first + i)

console.log('| model | run | Adam: RMSE | evaluations | Levenberg-Marquardt: RMSE | evaluations | ratio |')
console.log('| --- | --- | --- | --- | --- | --- | --- |')
for (const [name, open] of Object.entries(models)) {
  if (values.only !== undefined && values.only !== name) continue
  const model = await open()
  const lessons = async (first: number) => (await teach({ model, teacher, seeds: seeds(first) })).trajectories
  const validation = await lessons(60_000)
  for (let run = 0; run < Number(values.runs); run++) {
    const training = await lessons(50_000 + 100 * run)
    const by = (optimizer: OptimizerOptions) =>
      distill({ model, student, sigmas: schedule(grid), teacher: training, validation, optimizer, seed: run })
    const adam = await by({ name: 'adam', trajectories: 10_000 })
    const bar = adam.validationLoss ?? NaN
    let ours = await by({ name: 'levenberg-marquardt', finalIterations: 0 })
    for (let last = 1; last <= 8 && !((ours.validationLoss ?? NaN) <= bar); last *= 2)
      ours = await by({ name: 'levenberg-marquardt', finalIterations: last })
    const [theirs, spent] = [adam.backpropagated ?? NaN, ours.evaluations]
    const rms = [bar, ours.validationLoss ?? NaN].map(loss => Math.sqrt(loss).toFixed(4))
    console.log(`| ${[name, run, rms[0], theirs, rms[1], spent, (theirs / spent).toFixed(0)].join(' | ')} |`)
  }
  await model.close()
}
