import { readFileSync } from 'node:fs'
import { EpdError } from '../errors.js'
import { isMapping } from '../reading/plain.js'
import { dyweightRecord } from './dyweight.js'
import { parseRecord, type PredictorRecord, type PredictorSource } from './record.js'

/** A file of models/ with published predictors, one a row, and what makes a record of a row. */
interface PublishedFile {
  readonly file: string
  readonly recordOf: (row: unknown, source: string) => PredictorRecord
}

const FILES: readonly PublishedFile[] = [
  { file: 'predictors.json', recordOf: parseRecord },
  { file: 'epdpp.json', recordOf: parseRecord },
  { file: 'time-points.json', recordOf: parseRecord },
  { file: 'dyweight.json', recordOf: ofDyweight }
]

let known: ReadonlyMap<string, PredictorRecord> | undefined

/**
 * The predictors that authors have published, by their names: 32 of EPD-Solver (arXiv 2507.14797, branch EPD-Solver of
 * its code), 11 of EPD-Solver++ (arXiv 2512.22796), 40 of DyWeight (arXiv 2603.11607), and time points: the 10 steps of
 * Align Your Steps for Stable Diffusion 1.5, XL and Video (Sabour et al. 2024, arXiv 2404.14507, Table 3) and the 6
 * that the README of GITS has for CIFAR-10 (Chen et al. 2024, arXiv 2405.11326).
 */
export function publishedPredictors(): ReadonlyMap<string, PredictorRecord> {
  if (known) return known
  const records = FILES.flatMap(({ file, recordOf }) => {
    // models/ stands beside src/ and beside dist/.
    const url = new URL(`../../models/${file}`, import.meta.url)
    const rows: unknown = JSON.parse(readFileSync(url, 'utf8'))
    return (Array.isArray(rows) ? rows : []).map((row: unknown) => recordOf(row, url.pathname))
  })
  return (known = new Map(records.map(record => [record.name, record])))
}

/** A source of the published predictors alone, for specs that name one. */
export const published: PredictorSource = {
  names: () => [...publishedPredictors().keys()],
  get: name => publishedPredictors().get(name)
}

function ofDyweight(row: unknown, source: string): PredictorRecord {
  if (isMapping(row)) {
    const { name, dataset, afs, schedule, weights, timeScales } = row
    if (isMapping(schedule) && typeof afs === 'boolean')
      return dyweightRecord({ name, dataset, afs, schedule, weights, timeScales }, source)
  }
  throw new EpdError('predictor-invalid', `${source}: a row is no predictor of DyWeight`)
}
