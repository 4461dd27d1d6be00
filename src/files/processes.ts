import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** A process, told from every other that had its pid or will have it. */
export interface ProcessIdentity {
  /** The place in which a pid means this process: on Linux a boot and a pid namespace, else the host's name. */
  readonly machine: string
  readonly pid: number
  /** When it began, in ticks since the boot; '' where the system does not tell. */
  readonly began: string
}

/**
 * The state of a process as it can be seen from here. `stopped`: it lives, and does nothing until it is told to go on.
 * `unknown`: it is on another machine, or there is a process of that pid and the system does not tell whether it is the
 * same one.
 */
export type Sight = 'alive' | 'stopped' | 'gone' | 'unknown'

export function thisProcess(): ProcessIdentity {
  return { machine: machine(), pid: process.pid, began: statusOf(process.pid)?.began ?? '' }
}

export function sightOf(other: ProcessIdentity): Sight {
  if (other.machine !== machine()) return 'unknown'
  if (!exists(other.pid)) return 'gone'
  const status = statusOf(other.pid)
  if (!status || other.began === '') return 'unknown'
  if (status.began !== other.began || 'ZX'.includes(status.state)) return 'gone'
  return 'Tt'.includes(status.state) ? 'stopped' : 'alive'
}

let known: string | undefined

function machine(): string {
  known ??= orElse(
    () => `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`,
    hostname()
  )
  return known
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** State and start of a process by proc(5), whose second field is a name that may hold spaces and parentheses. */
function statusOf(pid: number): { state: string; began: string } | undefined {
  const line = orElse(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), '')
  const [state, ...rest] = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const began = rest.at(18)
  return state && began ? { state, began } : undefined
}

function orElse(read: () => string, fallback: string): string {
  try {
    return read()
  } catch {
    return fallback
  }
}
