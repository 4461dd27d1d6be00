import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Denoiser } from '../../src/models/denoiser.js'
import { exportedFiles } from '../../src/predictors/exported.js'
import { publishedPredictors } from '../../src/predictors/published.js'
import { timePointsOf } from '../../src/predictors/record-table.js'
import { parseRecord, type PredictorRecord } from '../../src/predictors/record.js'
import { TARGETS, type Target } from '../../src/predictors/targets.js'
import { withLearned } from '../../src/solvers/learned.js'
import { startFactor } from '../../src/solvers/noise.js'
import { bound } from '../../src/solvers/options.js'
import { solve } from '../../src/solvers/solve.js'
import { tableOf } from '../../src/solvers/table-of.js'
import type { Combination, Table } from '../../src/solvers/table.js'
import type { ExportedRun } from './cases.js'

function published(name: string, called: string): PredictorRecord {
  const found = publishedPredictors().get(name)
  if (!found) throw new Error(`the published predictor ${name} is missing`)
  return { ...found, name: called }
}

/** A table as learning may leave one: no solver's, with two points in its second layer, of which one weighs little. */
function learnedTable(): Table {
  const table = tableOf({ name: 'ipndm', maxOrder: 3 }, Float64Array.of(12, 3, 0.8, 0.1))
  const moved = ({ noise, denoised }: Combination) => ({ noise: noise * 0.99, denoised: denoised.map(d => d * 1.01) })
  const [first, second, third] = table.layers.map(layer => layer.map(row => ({ ...row, ...moved(row) })))
  const added = { ...second[0], sigma: 2, noise: 1.9 }
  const shifted = ({ denoised: [d = 0, ...rest] }: Combination) => ({ denoised: [d, 0.05, ...rest] })
  const last = moved(table.result)
  return {
    ...table,
    layers: [first, [added, ...second], third.map(row => ({ ...row, ...shifted(row) }))],
    result: { ...last, ...shifted(last) }
  }
}

const numbers = (rows: number, columns: number, size: number) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, k) => size * Math.sin(1 + 5 * i + 2 * k)))

/** The predictors that are exported to real libraries: one of the paper, and one of each kind that learning finds. */
export const PREDICTORS: ReadonlyMap<string, PredictorRecord> = new Map(
  [
    published('00018-cifar10-4-5-ipndm-uni1.0-afs', 'published'),
    {
      name: 'epd',
      solver: {
        name: 'epd',
        points: 3,
        ...{ base: 'dpmpp', maxOrder: 2, thresholding: false, scaleDir: 0.1, scaleTime: 0.1 },
        schedule: {
          type: 'time_uniform',
          rho: 1,
          ...{ sigmaMin: 0.03, sigmaMax: 14.6, finalSigma: 'zero', noiseScale: 'unit-variance' }
        },
        numSteps: 4
      },
      learned: {
        r: numbers(2, 3, 1.5),
        ...{ weight: numbers(2, 3, 1), scaleDir: numbers(2, 3, 2), scaleTime: numbers(2, 3, 2) },
        ranges: { scaleDir: 0.1, scaleTime: 0.1 }
      }
    },
    {
      name: 'steps',
      solver: {
        name: 'unipc',
        thresholding: false,
        schedule: { type: 'logsnr', sigmaMin: 0.3, sigmaMax: 14, finalSigma: 'zero' },
        numSteps: 5
      },
      learned: { sigmas: [14, 4, 1.1, 0.3] }
    },
    {
      name: 'table',
      solver: {
        ...{ name: 'table', layers: [1, 2, 1], numSteps: 3 },
        schedule: { type: 'explicit', sigmas: [12, 0.1], finalSigma: 'zero' }
      },
      learned: learnedTable()
    }
  ].map(value => [value.name, parseRecord(value, value.name)])
)

/** Predictors that begin at t = 1 of a flow, for the targets whose models are evaluated there. */
export const FLOW_PREDICTORS: ReadonlyMap<string, PredictorRecord> = new Map(
  [published('epdpp-sd3-512-best', 'sd3'), published('epdpp-flux-best', 'flux')].map(record => [record.name, record])
)

/** The predictor of a run. */
export function predictorOf(name: string): PredictorRecord {
  const found = PREDICTORS.get(name) ?? FLOW_PREDICTORS.get(name)
  if (!found) throw new Error(`there is no predictor ${name}`)
  return found
}

/** Writes a predictor as epd-run exports it, and returns the name of its package. */
export function writeExport(
  target: Target,
  record: PredictorRecord,
  into: string,
  name = `${target.template}_${record.name}`
): string {
  mkdirSync(join(into, name), { recursive: true })
  for (const [file, bytes] of exportedFiles(target, record, name)) writeFileSync(join(into, name, file), bytes)
  return name
}

/** Writes every predictor for every target that takes it. */
export function writeExports(into: string): void {
  for (const target of TARGETS) {
    const flows = target.atInfiniteNoise ? FLOW_PREDICTORS.values() : []
    for (const record of [...PREDICTORS.values(), ...flows]) writeExport(target, record, into)
  }
}

/** The images, [images, ...shape], that latents lead to by the solver itself with what was learned for it. */
export async function sampled(
  model: Denoiser,
  { predictor }: ExportedRun,
  latents: Float64Array,
  prompt?: string
): Promise<Float64Array> {
  const record = predictorOf(predictor)
  const sigmas = timePointsOf(record)
  const factor = startFactor(sigmas[0], record.solver.schedule.noiseScale)
  const solver = withLearned(bound(record.solver), record.learned)
  const condition = prompt === undefined ? undefined : { prompts: [prompt] }
  return (await solve({ model, solver, sigmas, condition, x: latents.map(value => factor * value) })).x
}
