import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { EpdError } from '../errors.js'
import { temporaryName } from '../files/place.js'
import type { WritableStore } from './access.js'
import { claim, deadHolders } from './claims.js'
import type { Commits } from './commits.js'
import { guarded } from './failures.js'
import { entriesOf, type Sized, hasOrders } from './folders.js'
import { allHolders, type Holder } from './holders.js'
import { objectAt } from './objects.js'
import { attended } from './presence.js'
import { CONTENT_TABLES } from './seals.js'
import { findUnused, isUnused, type UnusedStage } from './unused.js'

type OrderWrites = Pick<WritableStore, 'removeRun' | 'removeUnused' | 'whileNoneDeletes' | 'alone' | 'compact'>

/** What a process that deletes, or brings what nothing refers to yet, holds. */
const DELETING = 'deleting'

/** The database is written anew where at least this part of it is free, since others wait meanwhile: 1 in 4. */
const WORTHWHILE = 4

/** Milliseconds between two looks at who holds that. */
const RETRY = 500

/** Files that are deleted within one transaction, which others wait for. */
const AT_ONCE = 50

/**
 * Deletes what is not wanted any more. Each deletion is looked at again within the transaction that makes it, and files
 * are deleted within transactions too: a process that is about to refer to one either has done so, and it stays, or
 * finds it gone and writes it again. A process that is killed on the way leaves what is deleted the next time.
 * @param own the note of this process, which is no reason not to delete
 */
export function orderWrites(commits: Commits, own: string): OrderWrites {
  const { root, file, database, transaction } = commits
  const living = async () => {
    const dead = await deadHolders(database)
    return ({ holder }: Holder) => !dead.has(holder)
  }
  return {
    async removeRun(id) {
      const isAlive = await living()
      removeRecord(commits, id, isAlive)
    },
    async whileNoneDeletes(work, signal) {
      let held = claim(database, DELETING)
      while (!held) {
        await sleep(RETRY, undefined, { signal })
        held = claim(database, DELETING)
      }
      try {
        return await work(held)
      } finally {
        held.release()
      }
    },
    async removeUnused({ signal } = {}) {
      const isAlive = await living()
      emptyTrash(root)
      const find = () => guarded(file, () => findUnused(root, file, database, isAlive))
      const stages: UnusedStage[] = []
      for (const stage of find().stages) {
        await turn(undefined, { signal })
        if (removeStage(commits, stage.key, isAlive)) stages.push(stage)
      }
      const { objects, images } = find()
      return {
        stages,
        objects: await inParts(objects, signal, some => removeObjects(commits, some)),
        images: await inParts(images, signal, some => removeImages(commits, some))
      }
    },
    async alone(work) {
      const isAlive = await living()
      return transaction(() => {
        const others = allHolders(database).filter(held => ![own, DELETING].includes(held.name) && isAlive(held))
        if (others.length > 0) return false
        work()
        return true
      })
    },
    compact() {
      guarded(file, () => {
        const [free, all] = ['freelist_count', 'page_count'].map(name =>
          Number(database.pragma(name, { simple: true }))
        )
        if (free * WORTHWHILE < all) return
        database.exec('VACUUM')
        database.pragma('wal_checkpoint(TRUNCATE)')
      })
    }
  }
}

function removeRecord({ database, run, transaction }: Commits, id: string, isAlive: (held: Holder) => boolean): void {
  transaction(() => {
    if (attended(database, isAlive).has(id))
      throw new EpdError('run-in-use', `${id}: a process is working on this run; end that first`, { subject: id })
    for (const table of ['run_stages', 'run_tags', 'run_notes']) run(`DELETE FROM ${table} WHERE run_id = ?`, id)
    run('DELETE FROM runs WHERE id = ?', id)
  })
}

async function inParts(
  all: readonly Sized[],
  signal: AbortSignal | undefined,
  remove: (some: readonly Sized[]) => readonly Sized[]
): Promise<Sized[]> {
  const removed: Sized[] = []
  for (let at = 0; at < all.length; at += AT_ONCE) {
    await turn(undefined, { signal })
    removed.push(...remove(all.slice(at, at + AT_ONCE)))
  }
  return removed
}

/** Whether the stage was unused still, and is deleted. */
function removeStage(
  { database, run, transaction }: Commits,
  key: string,
  isAlive: (held: Holder) => boolean
): boolean {
  return transaction(() => {
    if (!isUnused(database, key, isAlive)) return false
    for (const table of CONTENT_TABLES) run(`DELETE FROM ${table} WHERE stage_key = ?`, key)
    run('DELETE FROM stages WHERE key = ?', key)
    return true
  })
}

/** Deletes those files that no stage has left. Returns them. */
function removeObjects({ root, database, transaction }: Commits, objects: readonly Sized[]): readonly Sized[] {
  const named = database.prepare('SELECT 1 FROM artifacts WHERE digest = ? AND extension = ? LIMIT 1')
  return transaction(() => {
    if (hasOrders(root)) return []
    const gone = objects.filter(({ path }) => {
      const object = objectAt(path.slice(root.length + 1))
      return object !== undefined && named.get(object.digest, object.extension) === undefined
    })
    for (const { path } of gone)
      guarded(path, () => {
        rmSync(path, { force: true })
      })
    return gone
  })
}

/** Deletes those folders whose run is no more. They are moved first, which others do not wait for long. */
function removeImages({ root, database, transaction }: Commits, folders: readonly Sized[]): readonly Sized[] {
  const known = database.prepare('SELECT 1 FROM runs WHERE id = ?')
  const gone = transaction(() => {
    const unused = folders.filter(({ path }) => known.get(basename(path)) === undefined)
    for (const { path } of unused)
      guarded(path, () => {
        mkdirSync(trash(root), { recursive: true })
        renameSync(path, join(trash(root), temporaryName()))
      })
    return unused
  })
  emptyTrash(root)
  return gone
}

/** Deletes what this process, or one that was killed, has moved out of the way. */
function emptyTrash(root: string): void {
  guarded(trash(root), () => {
    for (const { name } of entriesOf(trash(root))) rmSync(join(trash(root), name), { recursive: true, force: true })
    rmSync(trash(root), { recursive: true, force: true })
  })
}

function trash(root: string): string {
  return join(root, 'trash')
}
