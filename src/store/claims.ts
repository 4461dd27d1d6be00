import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Database } from 'better-sqlite3'
import { EpdError } from '../errors.js'

/** This process's hold on a piece of work, so that no other process on the store does it meanwhile. */
export interface Claim {
  readonly name: string
  /** @throws EpdError `claim-lost` if another process has taken the work over. To be called within a transaction. */
  check(): void
  release(): void
}

const HEARTBEAT = 1_000
/** A holder that was silent for so long is taken for dead; one on this machine whose process is gone, at once. */
const SILENCE = 5_000

interface Row {
  readonly holder: string
  readonly pid: number
  readonly host: string
  readonly heartbeat: number
}

/** Takes hold of a piece of work if it is free or its holder is dead; undefined while another process is at it. */
export function claim(database: Database, name: string): Claim | undefined {
  const holder = randomUUID()
  const select = database.prepare<[string], Row>('SELECT holder, pid, host, heartbeat FROM claims WHERE name = ?')
  const insert = database.prepare(
    'INSERT OR REPLACE INTO claims (name, holder, pid, host, heartbeat) VALUES (?, ?, ?, ?, ?)'
  )
  const take = database.transaction(() => {
    const held = select.get(name)
    if (held && !isDead(held)) return false
    insert.run(name, holder, process.pid, hostname(), Date.now())
    return true
  })
  if (!take.immediate()) return undefined

  const beat = database.prepare('UPDATE claims SET heartbeat = ? WHERE name = ? AND holder = ?')
  const timer = setInterval(() => {
    if (database.open) beat.run(Date.now(), name, holder)
  }, HEARTBEAT)
  timer.unref()
  return {
    name,
    check() {
      if (select.get(name)?.holder !== holder)
        throw new EpdError(
          'claim-lost',
          `another process has taken over ${name}, since this one was silent for too long; run again`
        )
    },
    release() {
      clearInterval(timer)
      database.prepare('DELETE FROM claims WHERE name = ? AND holder = ?').run(name, holder)
    }
  }
}

function isDead({ pid, host, heartbeat }: Row): boolean {
  if (host === hostname() && !isAlive(pid)) return true
  return Date.now() - heartbeat > SILENCE
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
