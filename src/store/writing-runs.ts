import type { WritableStore } from './access.js'
import { now, type Commits } from './commits.js'
import { attend, attended } from './presence.js'
import { checkRun, isDamaged } from './seals.js'

/** A run that is begun again keeps its name: only `rename` has changed it, since an id begins with the experiment's. */
const BEGIN_RUN = `INSERT INTO runs (id, name, description, file, spec, overrides, allow_mismatch, status, created, updated)
  VALUES (?, ?, ?, ?, ?, ?, ?, 'running', ?, ?)
  ON CONFLICT (id) DO UPDATE SET description = excluded.description, file = excluded.file, spec = excluded.spec,
  overrides = excluded.overrides, allow_mismatch = excluded.allow_mismatch, status = 'running', error = NULL,
  updated = excluded.updated, finished = NULL`

/** Writes runs with the stages that they name. `leave` ends the notes that this process works on runs. */
export function runWrites({
  file,
  database,
  run,
  transaction,
  sealed,
  updateRun
}: Commits): Pick<WritableStore, 'beginRun' | 'endRun'> & { readonly leave: () => void } {
  const notes = new Map<string, () => void>()
  const leave = (id: string) => {
    notes.get(id)?.()
    notes.delete(id)
  }
  return {
    leave() {
      for (const id of [...notes.keys()]) leave(id)
    },
    beginRun({ id, name, description, file: specFile, spec, overrides, allowMismatch = false }, stages, progress) {
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
          BEGIN_RUN,
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
        leave(id)
        notes.set(id, attend(database, id, progress))
      })
    },
    endRun(id, status, error) {
      const time = now()
      updateRun(id, () => {
        leave(id)
        // Another process goes on with the same run.
        if (status !== 'finished' && attended(database).has(id)) return
        run(
          'UPDATE runs SET status = ?, error = ?, updated = ?, finished = ? WHERE id = ?',
          ...[status, error ?? null, time, status === 'finished' ? time : null, id]
        )
      })
    }
  }
}
