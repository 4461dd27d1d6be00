import { randomUUID } from 'node:crypto'
import { sightOf, thisProcess, type ProcessIdentity } from '../files/processes.js'
import { attempt, dropGone, enter, keepAlive, seemsAlive } from './claims.js'
import { allHolders, type Holder } from './holders.js'
import type { Run, RunWorker } from './records.js'
import { isRow, text } from './rows.js'
import { checkRun, isDamaged, seal } from './seals.js'
import type { Database } from './sqlite.js'

/** What is said of a run whose process is gone without having said how the run has ended. */
const KILLED = 'its process was killed'

/** What processes that work on a run are noted under in the table `claims`: any number of them may. */
const PREFIX = 'run '

/** What each process that has the store open to work in it is noted under. */
const OPEN = 'open '

/**
 * Notes that this process has the store open to work in it, so that nobody deletes what it may be about to use. Returns
 * the note's name, and what ends it.
 */
export function enterStore(database: Database): { readonly name: string; readonly leave: () => void } {
  const holder = randomUUID()
  const name = `${OPEN}${holder}`
  enter(database, name, holder)
  const stop = keepAlive(database, name, holder, {
    onLost: () => {
      enter(database, name, holder)
    }
  })
  return {
    name,
    leave() {
      stop()
      attempt(() => database.prepare('DELETE FROM claims WHERE name = ?').run(name))
    }
  }
}

/**
 * Notes that this process works on a run, and with each sign of life how far the run has come, as `progress` says it in
 * JSON. Returns what ends that. To be called within a transaction.
 */
export function attend(database: Database, run: string, progress?: () => string): () => void {
  const holder = randomUUID()
  const name = `${PREFIX}${run} ${holder}`
  const goOn = () => {
    enter(database, name, holder)
    changeRun(database, run, () => {
      database.prepare(`UPDATE runs SET status = 'running', error = NULL WHERE id = ? AND error = ?`).run(run, KILLED)
    })
  }
  enter(database, name, holder)
  // Another process may have taken this one for dead while it slept.
  const stop = keepAlive(database, name, holder, { onLost: goOn, progress })
  return () => {
    stop()
    attempt(() => database.prepare('DELETE FROM claims WHERE name = ?').run(name))
  }
}

/**
 * The runs that processes work on, as far as can be seen: by their notes. Earlier versions left none, so that what they
 * work on is told by the stages that they hold.
 */
export function attended(database: Database, isAlive: (held: Holder) => boolean = seemsAlive): ReadonlySet<string> {
  const holders = allHolders(database).filter(isAlive)
  const [notes, claims] = [holders.filter(isNote), holders.filter(one => !isNote(one))]
  const noted = new Set([...notes, thisProcess()].map(identity))
  const runsOf = database.prepare('SELECT run_id FROM run_stages WHERE stage_key = ?').pluck()
  const earlier = claims.filter(one => !noted.has(identity(one)))
  return new Set([...notes.map(runOf), ...earlier.flatMap(({ name }) => runsOf.all(name).map(String))])
}

/** The processes that work on a run, as far as can be seen, each with what it last said of the run. */
export function workersOn(database: Database, run: string): RunWorker[] {
  return allHolders(database)
    .filter(one => isNote(one) && runOf(one) === run && seemsAlive(one))
    .map(one => ({ pid: one.pid, host: one.host, sight: sightOf(one), progress: one.progress }))
}

function runOf({ name }: Holder): string {
  return name.slice(PREFIX.length, name.lastIndexOf(' '))
}

function isNote({ name }: Holder): boolean {
  return name.startsWith(PREFIX)
}

function identity({ machine, pid, began }: ProcessIdentity): string {
  return `${machine} ${pid} ${began}`
}

/** A run as it stands: one whose process is gone is not running, whatever was last written of it. */
export function standing(run: Run, alive: ReadonlySet<string>): Run {
  return run.status === 'running' && !alive.has(run.id) ? { ...run, status: 'interrupted', error: KILLED } : run
}

/** Writes down that the runs whose processes are gone are interrupted. Returns their ids. */
export function recordKilled(database: Database): string[] {
  const record = database.transaction(() => {
    const running = database.prepare(`SELECT id FROM runs WHERE status = 'running'`).all().filter(isRow)
    const alive = attended(database)
    const killed = running.map(row => text(row, 'id')).filter(id => !alive.has(id))
    const update = database.prepare(`UPDATE runs SET status = 'interrupted', error = ? WHERE id = ?`)
    for (const id of killed)
      changeRun(database, id, () => {
        update.run(KILLED, id)
      })
    dropGone(database)
    return killed
  })
  return database.prepare(`SELECT 1 FROM runs WHERE status = 'running'`).get() === undefined ? [] : record.immediate()
}

/** Changes the row of a run. One that is damaged stays as it is, for whoever reads it to be told. */
function changeRun(database: Database, id: string, change: () => void): void {
  const isWhole = !isDamaged(() => {
    checkRun(database, database.name, id)
  })
  if (!isWhole) return
  change()
  seal(database, 'runs', 'id = ?', id)
}
