import { readFileSync } from 'node:fs'
import type { PredictorRecord, PredictorSource } from './record.js'
import { parseRecord } from './record.js'

/** models/ stands beside src/ and beside dist/. */
const FILE = new URL('../../models/predictors.json', import.meta.url)

let known: ReadonlyMap<string, PredictorRecord> | undefined

/**
 * The 32 predictors that the paper's authors published (arXiv 2507.14797, branch EPD-Solver of its code), by their
 * names.
 */
export function publishedPredictors(): ReadonlyMap<string, PredictorRecord> {
  if (known) return known
  const rows: unknown = JSON.parse(readFileSync(FILE, 'utf8'))
  const records = (Array.isArray(rows) ? rows : []).map(row => parseRecord(row, FILE.pathname))
  return (known = new Map(records.map(record => [record.name, record])))
}

/** A source of the published predictors alone, for specs that name one. */
export const published: PredictorSource = {
  names: () => [...publishedPredictors().keys()],
  get: name => publishedPredictors().get(name)
}
