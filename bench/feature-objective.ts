/**
 * What the objective in Inception's features brings a table at 3 NFE, as Markdown: how far students of shapes16 lead
 * from their teacher on seeds that none has seen, in pixels and in features. Inception's weights are drawn by a rule,
 * so that nothing is downloaded. `--trajectories N`: what is learned from; 64 unless told otherwise.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { distill, type DistillOptions } from '../src/distill/distill.js'
import { featureView } from '../src/distill/feature-view.js'
import { teach } from '../src/distill/teach.js'
import { inceptionRecipe, openInception } from '../src/metrics/inception.js'
import { openModel } from '../src/models/open.js'
import { isTable } from '../src/solvers/learned.js'
import type { SolverOptions } from '../src/solvers/options.js'
import { schedule, type ScheduleOptions } from '../src/solvers/schedule.js'
import { solve } from '../src/solvers/solve.js'
import { tableOf } from '../src/solvers/table-of.js'
import type { Table } from '../src/solvers/table.js'
import { writeWeights } from '../test/support/stand-ins.js'

const { values } = parseArgs({ options: { trajectories: { type: 'string', default: '64' } } })
const folder = mkdtempSync(join(tmpdir(), 'epd-bench-'))
const weights = join(folder, 'inception.pth')
writeWeights(weights, inceptionRecipe([16, 16], 'tensorflow'))
const inception = await openInception({ weights, preparation: 'tensorflow', size: [16, 16], cacheDir: folder })
const view = featureView(inception)

const checkpoint = fileURLToPath(new URL('../models/shapes16/shapes16.safetensors', import.meta.url))
const model = await openModel({ checkpoint })
const gridOf = (numSteps: number): ScheduleOptions => ({ type: 'time_uniform', rho: 1, numSteps, model })
const sigmas = schedule(gridOf(3))
const teacher = { solver: { name: 'heun' }, refine: 3, substeps: 2, grid: gridOf(3) } as const
const taught = async (first: number, count: number) =>
  (await teach({ model, teacher, seeds: Array.from({ length: count }, (_, i) => first + i) })).trajectories
const training = await taught(50_000, Number(values.trajectories))
const validation = await taught(60_000, 32)
const unseen = await taught(0, 256)
const target = unseen.states[unseen.states.length - 1]
const targetFeatures = await view(target, 256)

const meanSquare = (a: Float64Array, b: Float64Array) =>
  a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length
const row = (...cells: (string | number)[]) => {
  console.log(`| ${cells.map(cell => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)).join(' | ')} |`)
}

/** A row of what a solver comes to on the unseen seeds. */
async function told(name: string, solver: SolverOptions, at: Float64Array, evaluations: number): Promise<void> {
  const { x } = await solve({ model, solver, x: unseen.states[0], sigmas: at })
  const features = Math.sqrt(meanSquare(await view(x, 256), targetFeatures))
  row(name, Math.sqrt(meanSquare(x, target)).toFixed(4), features.toPrecision(4), evaluations)
}

/** What bns starts from by default. */
const start = tableOf({ name: 'ipndm', maxOrder: 3 }, schedule(gridOf(4)))
const walked = (table: Table) =>
  ({ name: 'table', layers: table.layers.map(layer => layer.length), table }) as const satisfies SolverOptions
const common = { model, sigmas, teacher: training, validation }

async function learnedTable(name: string, more: Pick<DistillOptions, 'view'>): Promise<void> {
  const { learned, evaluations } = await distill({ ...common, student: { name: 'bns', start }, ...more })
  if (isTable(learned)) await told(name, walked(learned), Float64Array.of(...learned.sigmas), evaluations)
}

async function learnedEpd(name: string, more: Pick<DistillOptions, 'view'>): Promise<void> {
  const student = { name: 'epd', points: 2, afs: true, ranges: { scaleDir: 0.05, scaleTime: 0.2 } } as const
  const { learned, evaluations } = await distill({ ...common, student, ...more })
  await told(name, { ...student, predictor: learned }, sigmas, evaluations)
}

try {
  console.log('Distance to the teacher on 256 unseen seeds, shapes16, 3 parallel NFE\n')
  row('sampler', 'RMSE of pixels', 'RMS of features', 'evaluations')
  row('---', '---', '---', '---')
  await told('iPNDM, the start', walked(start), Float64Array.of(...start.sigmas), 0)
  await learnedEpd('EPD by pixels', {})
  await learnedEpd('EPD by features', { view })
  await learnedTable('bns by pixels', {})
  await learnedTable('bns by features', { view })
  console.log(
    `\n${training.seeds.length} trajectories; at most ${Math.round(process.resourceUsage().maxRSS / 1024)} MB of memory.`
  )
} finally {
  await Promise.all([model.close(), inception.close()])
  rmSync(folder, { recursive: true })
}
