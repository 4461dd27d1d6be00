import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { EpdError } from '../errors.js'
import { sightOf, thisProcess, type Sight } from '../files/processes.js'
import { allHolders, holderOf, type Holder } from './holders.js'
import type { Database } from './sqlite.js'

/** This process's hold on a piece of work, so that no other process on the store does it meanwhile. */
export interface Claim {
  readonly name: string
  /** @throws EpdError `claim-lost` if another process has taken the work over. To be called within a transaction. */
  check(): void
  /** Lets another process take the work. */
  release(): void
}

/** The process that a piece of work is waited for. */
export interface ClaimHolder {
  readonly pid: number
  readonly host: string
  /** `unknown`: the process cannot be seen from here, since it is on another machine or in another container. */
  readonly sight: Sight
  /** By how many seconds its last sign of life is ahead of this machine's clock; 0 unless a clock was set. */
  readonly ahead: number
}

const HEARTBEAT = 1_000
/** A holder that cannot be seen, or is stopped, and has been silent for so long is taken for dead. */
const SILENCE = 5_000
/** One that is seen alive may be silent while it computes, but not for ever. */
const PATIENCE = 600_000
/** One look at a holder counts for so much of its silence at most: the one who looks may have slept itself. */
const LOOK = 1_000

/** Takes hold of a piece of work if it is free or its holder is dead; undefined while another is at it. */
export function claim(database: Database, name: string): Claim | undefined {
  const holder = randomUUID()
  const take = database.transaction(() => {
    const held = holderOf(database, name)
    if (held && isDead(database, held)) forget(database, name)
    else if (held) return false
    enter(database, name, holder)
    return true
  })
  if (!take.immediate()) return undefined
  forget(database, name)
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

/** Who holds a piece of work. */
export function waitedFor(database: Database, name: string): ClaimHolder | undefined {
  const held = holderOf(database, name)
  if (!held) return undefined
  const ahead = held.heartbeat - Date.now()
  return {
    pid: held.pid,
    host: held.host,
    sight: sightOf(held),
    ahead: ahead > SILENCE ? Math.round(ahead / 1000) : 0
  }
}

/** Notes this process as the holder of a piece of work. */
export function enter(database: Database, name: string, holder: string): void {
  const { machine, pid, began } = thisProcess()
  database
    .prepare(
      'INSERT OR REPLACE INTO claims (name, holder, pid, host, machine, began, heartbeat) VALUES (?, ?, ?, ?, ?, ?, ?)'
    )
    .run(name, holder, pid, hostname(), machine, began, Date.now())
}

/** What signs of life are given with. */
interface Signs {
  /** Called where the holder is not noted any more. */
  readonly onLost?: () => void
  /** How far the work has come, as JSON, which is written with each sign of life. */
  readonly progress?: () => string
}

/** Gives signs of life until it is told to stop. */
export function keepAlive(
  database: Database,
  name: string,
  holder: string,
  { onLost, progress }: Signs = {}
): () => void {
  const beat = database.prepare('UPDATE claims SET heartbeat = ?, progress = ? WHERE name = ? AND holder = ?')
  const timer = setInterval(() => {
    attempt(() => {
      if (beat.run(Date.now(), progress?.() ?? null, name, holder).changes === 0) onLost?.()
    })
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
export function attempt(write: () => unknown): void {
  try {
    write()
  } catch {
    return
  }
}

/** A holder's last sign of life, since when it has not given another, as watched from here. */
interface Silence {
  readonly holder: string
  readonly heartbeat: number
  readonly looked: number
  readonly lasted: number
}

const silences = new WeakMap<Database, Map<string, Silence>>()

/**
 * For how many milliseconds a holder was silent while it was looked at. Its heartbeat is only compared with what it was
 * before, never with a clock: one of the two may have been set.
 */
function silenceOf(database: Database, { name, holder, heartbeat }: Holder): number {
  const all = silences.get(database) ?? new Map<string, Silence>()
  silences.set(database, all)
  const before = all.get(name)
  const looked = performance.now()
  const isSilent = before?.holder === holder && before.heartbeat === heartbeat
  const lasted = isSilent ? before.lasted + Math.min(looked - before.looked, LOOK) : 0
  all.set(name, { holder, heartbeat, looked, lasted })
  return lasted
}

function forget(database: Database, name: string): void {
  silences.get(database)?.delete(name)
}

function isDead(database: Database, held: Holder): boolean {
  const sight = sightOf(held)
  if (sight === 'gone') return true
  return silenceOf(database, held) > (sight === 'alive' ? PATIENCE : SILENCE)
}

/**
 * Whether a holder is at work as far as a single look can tell. One that cannot be seen must have given a sign of life
 * within the last seconds.
 */
export function seemsAlive(held: Holder): boolean {
  const sight = sightOf(held)
  return sight === 'unknown' ? Math.abs(Date.now() - held.heartbeat) <= SILENCE : sight !== 'gone'
}

/**
 * The holders that are gone, or cannot be seen and give no sign of life while they are watched for some seconds.
 * Whoever deletes what nobody uses asks this: a single look may take one for dead whose clock is another.
 */
export async function deadHolders(database: Database): Promise<ReadonlySet<string>> {
  const holders = allHolders(database)
  const unseen = holders.filter(held => sightOf(held) === 'unknown')
  if (unseen.length > 0) await sleep(SILENCE + LOOK)
  const silent = unseen.filter(({ name, holder, heartbeat }) => {
    const now = holderOf(database, name)
    return now?.holder !== holder || now.heartbeat === heartbeat
  })
  const gone = holders.filter(held => sightOf(held) === 'gone')
  return new Set([...gone, ...silent].map(({ holder }) => holder))
}

/** Deletes what processes that are gone have held. */
export function dropGone(database: Database): void {
  for (const { name, holder, ...process } of allHolders(database))
    if (sightOf(process) === 'gone')
      database.prepare('DELETE FROM claims WHERE name = ? AND holder = ?').run(name, holder)
}
