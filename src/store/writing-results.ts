import { EpdError } from '../errors.js'
import type { WritableStore } from './access.js'
import { now, type Commits } from './commits.js'
import { refreshResults } from './results.js'
import { isRow, text } from './rows.js'
import type { Database } from './sqlite.js'
import { known } from './writing-work.js'

type ResultWrites = Pick<WritableStore, 'putPredictor' | 'putImported' | 'putMetrics'>

/** Writes what was learned, imported and scored. */
export function resultWrites({ database, run, transaction, commit, sealed }: Commits): ResultWrites {
  const nameOf = (key: string) => nameOfStage(database, key)
  return {
    putPredictor(claimed, { predictor, sigmas, loss, validationLoss, evaluations }) {
      known('loss', loss)
      commit(claimed, () => {
        run(
          'INSERT OR REPLACE INTO predictors (stage_key, predictor, sigmas, loss, validation_loss, evaluations) VALUES (?, ?, ?, ?, ?, ?)',
          ...[claimed.name, JSON.stringify(predictor), JSON.stringify(sigmas), loss, validationLoss, evaluations]
        )
        sealed('predictors', 'stage_key = ?', claimed.name)
      })
    },
    putImported(name, record, source) {
      transaction(() => {
        run(
          'INSERT OR REPLACE INTO imported_predictors (name, record, source, imported) VALUES (?, ?, ?, ?)',
          ...[name, JSON.stringify(record), source, now()]
        )
        sealed('imported_predictors', 'name = ?', name)
      })
    },
    putMetrics(claimed, metrics) {
      for (const { samplesKey, name, value } of metrics) finite(name, value, nameOf(claimed.name), nameOf(samplesKey))
      commit(claimed, () => {
        for (const { samplesKey, name, value, count, details } of metrics) {
          run(
            'INSERT OR REPLACE INTO metrics (stage_key, samples_key, name, value, count, details) VALUES (?, ?, ?, ?, ?, ?)',
            ...[claimed.name, samplesKey, name, value, count, JSON.stringify(details)]
          )
          sealed(
            ...(['metrics', 'stage_key = ? AND samples_key = ? AND name = ?', claimed.name, samplesKey, name] as const)
          )
        }
        refreshResults(database)
      })
    }
  }
}

/** A score that is no number would be the best or the worst of its table for ever. */
function finite(metric: string, value: number, stage: string, samples: string): void {
  if (Number.isFinite(value)) return
  throw new EpdError(
    'model-output',
    `${metric} of ${samples} in stage ${stage} is ${value}, which is no score; check the model and what it is compared with, or leave ${metric} out`
  )
}

/** The name that the newest run of a stage gives it; without a run, the beginning of its key. */
function nameOfStage(database: Database, key: string): string {
  const row = database
    .prepare(
      `SELECT run_stages.name FROM run_stages JOIN runs ON runs.id = run_id WHERE stage_key = ? ORDER BY updated DESC LIMIT 1`
    )
    .get(key)
  return isRow(row) ? text(row, 'name') : key.slice(0, 12)
}
