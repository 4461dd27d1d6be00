import { EpdError } from '../errors.js'
import type { WritableStore } from './access.js'
import type { Commits } from './commits.js'
import { guarded } from './failures.js'
import { filesRoot, hasObject, writeObject, type StoredObject } from './objects.js'
import { isRow, json } from './rows.js'
import { checkRows, intact } from './seals.js'

type WorkWrites = Pick<WritableStore, 'putShard' | 'putIteration' | 'iterationState'>

/** Writes what stages leave while they run: shards with their files, and iterations. */
export function workWrites({ root, file, database, run, commit, sealed }: Commits): WorkWrites {
  const addArtifact = (key: string, name: string, position: number, object: StoredObject, mediaType: string) => {
    run(
      'INSERT OR REPLACE INTO artifacts (stage_key, name, position, digest, extension, media_type, size) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[key, name, position, object.digest, object.extension, mediaType, object.size]
    )
    sealed('artifacts', 'stage_key = ? AND name = ? AND position = ?', key, name, position)
  }
  const write = (data: Uint8Array, extension: string) =>
    guarded(filesRoot(root), () => writeObject(root, data, extension))
  return {
    putShard(claimed, { position, seeds, nfe, evaluations, files }) {
      const objects = files.map(one => ({ ...one, object: write(one.data, one.extension) }))
      commit(claimed, () => {
        for (const { name, object, mediaType, data } of objects) {
          // Files that no row names are deleted within transactions, and this one was not named so far.
          if (!hasObject(root, object)) write(data, object.extension)
          addArtifact(claimed.name, name, position, object, mediaType)
        }
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
      })
  }
}

/** SQLite has no NaN: it would be kept as nothing. */
export function known(name: string, value: number): void {
  if (Number.isNaN(value))
    throw new EpdError('model-output', `${name} is not a number; check the model, and that there are enough samples`)
}
