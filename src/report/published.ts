import type { Series } from '../charts/lines.js'
import type { MetricDescriptor } from '../metrics/metric.js'
import { publishedPredictors } from '../predictors/published.js'
import type { PredictorRecord } from '../predictors/record.js'
import { SIMPLEST_BASE } from '../solvers/methods.js'
import { canonical, child } from '../reading/plain.js'
import type { ReportData, ReportRun } from './data.js'

/** The metric that published predictors have a value of. */
const PUBLISHED = 'fid'

/**
 * What the paper states of its samplers on the model of the runs (arXiv 2507.14797, Table 1), by NFE. None where the
 * runs differ in their data set, or it is none of the paper's.
 */
export function publishedPoints({ runs }: ReportData, metric: MetricDescriptor): Series[] {
  const sets = new Set(runs.map(datasetOf))
  const [dataset] = sets
  if (metric.name !== PUBLISHED || sets.size !== 1 || dataset === undefined) return []
  const records = recordsWithFid().filter(({ model }) => model.dataset === dataset)
  const names = [...new Set(records.map(paperName))]
  return names.map(name => ({
    name,
    dashed: true,
    points: records
      .filter(record => paperName(record) === name)
      .flatMap(({ solver, fid }) => (fid === undefined ? [] : [{ x: solver.nfe, y: fid }]))
      .sort((a, b) => a.x - b.x)
  }))
}

function recordsWithFid(): PredictorRecord[] {
  return [...publishedPredictors().values()].filter(({ fid }) => fid !== undefined)
}

function paperName({ solver }: PredictorRecord): string {
  const base: unknown = child(solver, 'base')
  return `${base === SIMPLEST_BASE ? 'EPD-Solver' : 'EPD-Plugin'} in the paper`
}

/** The data set of the paper's whose name a run's model has, with images of the same size. */
export function datasetOf({ stages }: ReportRun): string | undefined {
  const model = stages.map(({ stage }) => child(stage?.provenance, 'model')).find(found => found !== undefined)
  const checkpoint = child(model, 'checkpoint')
  if (typeof checkpoint !== 'string') return undefined
  const letters = checkpoint.toLowerCase().replace(/[^a-z0-9]/g, '')
  const marks = new Map(recordsWithFid().map(({ model: mark }) => [mark.dataset ?? '', mark]))
  const found = [...marks].find(
    ([name, { shape, labelDim }]) =>
      partsOf(name).every(part => letters.includes(part)) &&
      canonical(shape) === canonical(child(model, 'shape')) &&
      labelDim === child(model, 'labelDim')
  )
  return found?.[0]
}

/** The words of a data set's name. That a model is of latents is told by its shape. */
function partsOf(dataset: string): string[] {
  return dataset.split('_').filter(part => part !== 'ldm')
}
