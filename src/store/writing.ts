import { EpdError } from '../errors.js'
import { claim, type Claim } from './claims.js'
import { guarded } from './failures.js'
import { writeObject, type StoredObject } from './objects.js'
import { reading } from './reading.js'
import { isRow, json } from './rows.js'
import type { Database } from './sqlite.js'
import type { WritableStore } from './store.js'

export function writing(root: string, file: string, database: Database): WritableStore {
  const run = (sql: string, ...values: unknown[]) => database.prepare(sql).run(...values)
  /** All or nothing; within another transaction, a part of it. */
  const transaction = <T>(work: () => T): T => guarded(file, () => database.transaction(work).immediate())
  /** All or nothing, and only while the claim is held. */
  const commit = (claimed: Claim, work: () => void) => {
    transaction(() => {
      claimed.check()
      work()
    })
  }
  const addArtifact = (key: string, name: string, position: number, object: StoredObject, mediaType: string) =>
    run(
      'INSERT OR REPLACE INTO artifacts (stage_key, name, position, digest, extension, media_type, size) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[key, name, position, object.digest, object.extension, mediaType, object.size]
    )
  const write = (data: Uint8Array, extension: string) => guarded(root, () => writeObject(root, data, extension))
  return {
    ...reading(root, file, database),
    transaction,
    beginRun({ id, name, description, file: specFile, spec, overrides, allowMismatch = false }, stages) {
      const time = now()
      transaction(() => {
        run(
          `INSERT INTO runs (id, name, description, file, spec, overrides, allow_mismatch, status, created, updated)
           VALUES (?, ?, ?, ?, ?, ?, ?, 'running', ?, ?)
           ON CONFLICT (id) DO UPDATE SET description = excluded.description, file = excluded.file, spec = excluded.spec,
             overrides = excluded.overrides, allow_mismatch = excluded.allow_mismatch, status = 'running', error = NULL,
             updated = excluded.updated, finished = NULL`,
          ...[id, name, description, specFile, spec, JSON.stringify(overrides), Number(allowMismatch), time, time]
        )
        run('DELETE FROM run_stages WHERE run_id = ?', id)
        stages.forEach((stage, position) => {
          run(
            'INSERT INTO run_stages (run_id, position, name, stage_key) VALUES (?, ?, ?, ?)',
            ...[id, position, stage.name, stage.key]
          )
        })
      })
    },
    endRun(id, status, error) {
      const time = now()
      transaction(() => {
        run(
          'UPDATE runs SET status = ?, error = ?, updated = ?, finished = ? WHERE id = ?',
          ...[status, error ?? null, time, status === 'finished' ? time : null, id]
        )
      })
    },
    claim: name => guarded(file, () => claim(database, name)),
    beginStage(claimed, { kind, params, provenance }) {
      commit(claimed, () => {
        run(
          `INSERT INTO stages (key, kind, params, status, provenance, started) VALUES (?, ?, ?, 'running', ?, ?)
           ON CONFLICT (key) DO NOTHING`,
          ...[claimed.name, kind, JSON.stringify(params), JSON.stringify(provenance), now()]
        )
      })
    },
    addSeconds(claimed, seconds) {
      commit(claimed, () => {
        run('UPDATE stages SET seconds = seconds + ? WHERE key = ?', seconds, claimed.name)
      })
    },
    finishStage(claimed, { nfe, evaluations, seconds }) {
      commit(claimed, () => {
        run(
          `UPDATE stages SET status = 'finished', nfe = ?, evaluations = ?, seconds = seconds + ?, finished = ? WHERE key = ?`,
          ...[nfe ?? null, evaluations, seconds, now(), claimed.name]
        )
      })
    },
    forgetStage(key) {
      transaction(() => {
        run('DELETE FROM stages WHERE key = ?', key)
      })
    },
    putShard(claimed, { position, seeds, nfe, evaluations, files }) {
      const objects = files.map(one => ({ ...one, object: write(one.data, one.extension) }))
      commit(claimed, () => {
        for (const { name, object, mediaType } of objects) addArtifact(claimed.name, name, position, object, mediaType)
        run(
          'INSERT INTO shards (stage_key, position, seeds, nfe, evaluations) VALUES (?, ?, ?, ?, ?)',
          ...[claimed.name, position, JSON.stringify(seeds), nfe ?? null, evaluations]
        )
      })
    },
    putIteration(claimed, row, state) {
      const { iteration, phase, step, loss, validationLoss, evaluations, accepted, damping } = row
      known('loss', loss)
      commit(claimed, () => {
        run(`UPDATE iterations SET state = 'null' WHERE stage_key = ?`, claimed.name)
        run(
          `INSERT INTO iterations (stage_key, iteration, phase, step, loss, validation_loss, evaluations, accepted, damping, state)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          ...[claimed.name, iteration, phase, step ?? null, loss, validationLoss ?? null, evaluations],
          ...[accepted === undefined ? null : Number(accepted), damping ?? null, JSON.stringify(state)]
        )
      })
    },
    iterationState: key =>
      guarded(file, () => {
        const row = database
          .prepare('SELECT state FROM iterations WHERE stage_key = ? ORDER BY iteration DESC LIMIT 1')
          .get(key)
        return isRow(row) ? json(row, 'state') : undefined
      }),
    putPredictor(claimed, { predictor, sigmas, loss, validationLoss, evaluations }) {
      known('loss', loss)
      commit(claimed, () => {
        run(
          'INSERT OR REPLACE INTO predictors (stage_key, predictor, sigmas, loss, validation_loss, evaluations) VALUES (?, ?, ?, ?, ?, ?)',
          ...[claimed.name, JSON.stringify(predictor), JSON.stringify(sigmas), loss, validationLoss, evaluations]
        )
      })
    },
    putImported(name, record, source) {
      transaction(() => {
        run(
          'INSERT INTO imported_predictors (name, record, source, imported) VALUES (?, ?, ?, ?)',
          ...[name, JSON.stringify(record), source, now()]
        )
      })
    },
    putMetrics(claimed, metrics) {
      for (const { name, value } of metrics) known(name, value)
      commit(claimed, () => {
        for (const { samplesKey, name, value, count, details } of metrics)
          run(
            'INSERT OR REPLACE INTO metrics (stage_key, samples_key, name, value, count, details) VALUES (?, ?, ?, ?, ?, ?)',
            ...[claimed.name, samplesKey, name, value, count, JSON.stringify(details)]
          )
      })
    }
  }
}

/** SQLite has no NaN: it would be kept as nothing. */
function known(name: string, value: number): void {
  if (Number.isNaN(value))
    throw new EpdError('model-output', `${name} is not a number; check the model, and that there are enough samples`)
}

function now(): string {
  return new Date().toISOString()
}
