import type { WritableStore } from './access.js'
import { now, type Commits } from './commits.js'
import { guarded } from './failures.js'
import { hasObject, isWhole, removeObject } from './objects.js'
import { CONTENT_TABLES, contentsOf } from './seals.js'

type StageWrites = Pick<WritableStore, 'beginStage' | 'addSeconds' | 'finishStage' | 'forgetStage' | 'dropDamaged'>

/** Writes how far stages have come, and drops what is damaged. */
export function stageWrites({ root, run, transaction, commit, sealed, updateStage }: Commits): StageWrites {
  return {
    beginStage(claimed, { kind, params, provenance }) {
      commit(claimed, () => {
        const { changes } = run(
          `INSERT INTO stages (key, kind, params, status, provenance, started) VALUES (?, ?, ?, 'running', ?, ?)
           ON CONFLICT (key) DO NOTHING`,
          ...[claimed.name, kind, JSON.stringify(params), JSON.stringify(provenance), now()]
        )
        if (changes > 0) sealed('stages', 'key = ?', claimed.name)
      })
    },
    addSeconds(claimed, seconds) {
      updateStage(claimed, () => {
        run('UPDATE stages SET seconds = seconds + ? WHERE key = ?', seconds, claimed.name)
      })
    },
    finishStage(claimed, { nfe, evaluations, seconds }) {
      updateStage(claimed, () => {
        run(
          `UPDATE stages SET status = 'finished', contents = ${contentsOf('stages.key')}, nfe = ?, evaluations = ?, seconds = seconds + ?, finished = ? WHERE key = ?`,
          ...[nfe ?? null, evaluations, seconds, now(), claimed.name]
        )
      })
    },
    forgetStage(key) {
      transaction(() => {
        // Rows are not left to the cascade: a damaged stage may have lost its own.
        for (const table of CONTENT_TABLES) run(`DELETE FROM ${table} WHERE stage_key = ?`, key)
        run('DELETE FROM stages WHERE key = ?', key)
      })
    },
    dropDamaged(artifact) {
      if (hasObject(root, artifact) && !isWhole(root, artifact))
        guarded(root, () => {
          removeObject(root, artifact)
        })
    }
  }
}
