import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { EpdError } from '../errors.js'
import { sightOf, thisProcess, type ProcessIdentity } from '../files/processes.js'
import { isRow, number, text } from './rows.js'
import type { Database } from './sqlite.js'

/** This process's hold on a piece of work, so that no other process on the store does it meanwhile. */
export interface Claim {
  readonly name: string
  /** @throws EpdError `claim-lost` if another process has taken the work over. To be called within a transaction. */
  check(): void
  /** Lets another process take the work. */
  release(): void
}

const HEARTBEAT = 1_000
/** A holder that cannot be seen and was silent for so long is taken for dead. */
const SILENCE = 5_000
/** One that is seen alive may be silent while it computes, but not for ever. */
const PATIENCE = 600_000

interface Holder extends ProcessIdentity {
  readonly holder: string
  /** Milliseconds since 1970. */
  readonly heartbeat: number
}

/** Takes hold of a piece of work if it is free or its holder is dead; undefined while another is at it. */
export function claim(database: Database, name: string): Claim | undefined {
  const holder = randomUUID()
  const take = database.transaction(() => {
    const held = holderOf(database, name)
    if (held && !isDead(held)) return false
    const { machine, pid, began } = thisProcess()
    database
      .prepare(
        'INSERT OR REPLACE INTO claims (name, holder, pid, host, machine, began, heartbeat) VALUES (?, ?, ?, ?, ?, ?, ?)'
      )
      .run(name, holder, pid, hostname(), machine, began, Date.now())
    return true
  })
  if (!take.immediate()) return undefined
  const stop = keepAlive(database, name, holder)
  return {
    name,
    check() {
      if (holderOf(database, name)?.holder !== holder)
        throw new EpdError(
          'claim-lost',
          `another process has taken over ${name}, since this one was silent for too long; run again`
        )
    },
    release() {
      stop()
      attempt(() => database.prepare('DELETE FROM claims WHERE name = ? AND holder = ?').run(name, holder))
    }
  }
}

function keepAlive(database: Database, name: string, holder: string): () => void {
  const beat = database.prepare('UPDATE claims SET heartbeat = ? WHERE name = ? AND holder = ?')
  const timer = setInterval(() => {
    attempt(() => beat.run(Date.now(), name, holder))
  }, HEARTBEAT)
  timer.unref()
  return () => {
    clearInterval(timer)
  }
}

/**
 * A full disk or a closed store must not end the program here: work that is not safe to keep fails when it is
 * committed.
 */
function attempt(write: () => unknown): void {
  try {
    write()
  } catch {
    return
  }
}

function holderOf(database: Database, name: string): Holder | undefined {
  const row = database.prepare('SELECT * FROM claims WHERE name = ?').get(name)
  if (!isRow(row)) return undefined
  return {
    holder: text(row, 'holder'),
    machine: text(row, 'machine'),
    pid: number(row, 'pid'),
    began: text(row, 'began'),
    heartbeat: number(row, 'heartbeat')
  }
}

function isDead(holder: Holder): boolean {
  const silent = Date.now() - holder.heartbeat
  switch (sightOf(holder)) {
    case 'gone':
      return true
    case 'alive':
      return silent > PATIENCE
    case 'unknown':
      return silent > SILENCE
  }
}
