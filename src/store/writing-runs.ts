import type { WritableStore } from './access.js'
import { now, type Commits } from './commits.js'
import { checkRun, isDamaged } from './seals.js'

/** Writes runs with the stages that they name. */
export function runWrites({
  file,
  database,
  run,
  transaction,
  sealed,
  updateRun
}: Commits): Pick<WritableStore, 'beginRun' | 'endRun'> {
  return {
    beginRun({ id, name, description, file: specFile, spec, overrides, allowMismatch = false }, stages) {
      const time = now()
      transaction(() => {
        // What is damaged is not taken over into the new row.
        if (
          isDamaged(() => {
            checkRun(database, file, id)
          })
        )
          run('DELETE FROM runs WHERE id = ?', id)
        run(
          `INSERT INTO runs (id, name, description, file, spec, overrides, allow_mismatch, status, created, updated)
           VALUES (?, ?, ?, ?, ?, ?, ?, 'running', ?, ?)
           ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, file = excluded.file, spec = excluded.spec,
             overrides = excluded.overrides, allow_mismatch = excluded.allow_mismatch, status = 'running', error = NULL,
             updated = excluded.updated, finished = NULL`,
          ...[id, name, description, specFile, spec, JSON.stringify(overrides), Number(allowMismatch), time, time]
        )
        sealed('runs', 'id = ?', id)
        run('DELETE FROM run_stages WHERE run_id = ?', id)
        stages.forEach((stage, position) => {
          run(
            'INSERT INTO run_stages (run_id, position, name, stage_key) VALUES (?, ?, ?, ?)',
            ...[id, position, stage.name, stage.key]
          )
        })
        sealed('run_stages', 'run_id = ?', id)
      })
    },
    endRun(id, status, error) {
      const time = now()
      updateRun(id, () => {
        run(
          'UPDATE runs SET status = ?, error = ?, updated = ?, finished = ? WHERE id = ?',
          ...[status, error ?? null, time, status === 'finished' ? time : null, id]
        )
      })
    }
  }
}
