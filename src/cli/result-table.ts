import { resultRows, usualColumns } from '../store/result-columns.js'
import { scoreNotes } from '../store/score-notes.js'
import type { Store } from '../store/store.js'
import { inColumns, paragraph } from './columns.js'

/** The results table of a run, if it has scores or samples, and what is to be known about it. */
export function resultLines(store: Store, runId: string): string[] {
  const results = store.results(runId)
  if (results.length === 0) return []
  const columns = usualColumns(results)
  const titles = columns.map(({ name }) => name)
  return ['', inColumns(titles, resultRows(results, columns)), ...notes(store, runId)]
}

function notes(store: Store, runId: string): string[] {
  const lines = scoreNotes(store, store.runStages(runId)).map(paragraph)
  return lines.length > 0 ? ['', ...lines] : []
}
