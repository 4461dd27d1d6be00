import { EpdError } from '../errors.js'
import { claim, type Claim } from './claims.js'
import { guarded } from './failures.js'
import { hasObject, isWhole, removeObject, writeObject, type StoredObject } from './objects.js'
import { reading } from './reading.js'
import { refreshResults } from './results.js'
import { isRow, json, text } from './rows.js'
import { checkRows, checkStage, CONTENT_TABLES, contentsOf, intact, seal, type SealedName } from './seals.js'
import type { Database } from './sqlite.js'
import type { WritableStore } from './access.js'

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
  const sealed = (table: SealedName, condition: string, ...values: unknown[]) => {
    seal(database, table, condition, ...values)
  }
  /** Changes the row of a stage, which must be what was written: a change never makes good what was damaged. */
  const updateStage = (claimed: Claim, update: () => void) => {
    commit(claimed, () => {
      checkStage(database, file, claimed.name)
      update()
      sealed('stages', 'key = ?', claimed.name)
    })
  }
  const nameOf = (key: string) => nameOfStage(database, key)
  const addArtifact = (key: string, name: string, position: number, object: StoredObject, mediaType: string) => {
    run(
      'INSERT OR REPLACE INTO artifacts (stage_key, name, position, digest, extension, media_type, size) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[key, name, position, object.digest, object.extension, mediaType, object.size]
    )
    sealed('artifacts', 'stage_key = ? AND name = ? AND position = ?', key, name, position)
  }
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
    },
    putShard(claimed, { position, seeds, nfe, evaluations, files }) {
      const objects = files.map(one => ({ ...one, object: write(one.data, one.extension) }))
      commit(claimed, () => {
        for (const { name, object, mediaType } of objects) addArtifact(claimed.name, name, position, object, mediaType)
        run(
          'INSERT INTO shards (stage_key, position, seeds, nfe, evaluations) VALUES (?, ?, ?, ?, ?)',
          ...[claimed.name, position, JSON.stringify(seeds), nfe ?? null, evaluations]
        )
        sealed('shards', 'stage_key = ? AND position = ?', claimed.name, position)
      })
    },
    putIteration(claimed, row, state) {
      const { iteration, phase, step, loss, validationLoss, evaluations, accepted, damping } = row
      known('loss', loss)
      commit(claimed, () => {
        checkRows(database, file, 'iterations', `WHERE stage_key = ? AND state <> 'null'`, claimed.name)
        const newest = database
          .prepare(`SELECT iteration FROM iterations WHERE stage_key = ? AND state <> 'null'`)
          .pluck()
          .all(claimed.name)
        for (const before of [...newest]) {
          run(`UPDATE iterations SET state = 'null' WHERE stage_key = ? AND iteration = ?`, claimed.name, before)
          sealed('iterations', 'stage_key = ? AND iteration = ?', claimed.name, before)
        }
        run(
          `INSERT INTO iterations (stage_key, iteration, phase, step, loss, validation_loss, evaluations, accepted, damping, state)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          ...[claimed.name, iteration, phase, step ?? null, loss, validationLoss ?? null, evaluations],
          ...[accepted === undefined ? null : Number(accepted), damping ?? null, JSON.stringify(state)]
        )
        sealed('iterations', 'stage_key = ? AND iteration = ?', claimed.name, iteration)
      })
    },
    iterationState: key =>
      guarded(file, () => {
        const row = database
          .prepare('SELECT * FROM iterations WHERE stage_key = ? ORDER BY iteration DESC LIMIT 1')
          .get(key)
        return isRow(row) ? json(intact(file, 'iterations', row), 'state') : undefined
      }),
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

/** SQLite has no NaN: it would be kept as nothing. */
function known(name: string, value: number): void {
  if (Number.isNaN(value))
    throw new EpdError('model-output', `${name} is not a number; check the model, and that there are enough samples`)
}

/** A score that is no number would be the best or the worst of its table for ever. */
function finite(metric: string, value: number, stage: string, samples: string): void {
  if (Number.isFinite(value)) return
  throw new EpdError(
    'model-output',
    `${metric} of ${samples} in stage ${stage} is ${value}, which is no score; check the model and what it is compared with, or leave ${metric} out`
  )
}

/** As its newest run names it; else its key. */
function nameOfStage(database: Database, key: string): string {
  const row = database
    .prepare(
      `SELECT run_stages.name FROM run_stages JOIN runs ON runs.id = run_id WHERE stage_key = ? ORDER BY updated DESC LIMIT 1`
    )
    .get(key)
  return isRow(row) ? text(row, 'name') : key.slice(0, 12)
}

function now(): string {
  return new Date().toISOString()
}
