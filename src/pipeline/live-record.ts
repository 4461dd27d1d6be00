import type { Sight } from '../files/processes.js'
import { child, isMapping } from '../reading/plain.js'
import type { Progress } from '../stages/stage.js'
import type { ClaimHolder } from '../store/store.js'
import type { DoneStage, LiveRun, LiveStage, NamedStage } from './live.js'

/** Letters of a text that are kept: a name that is longer is no longer read by anyone who watches. */
const LETTERS = 200

/** A run as it stands, in the JSON that the store keeps of it: some thousand bytes, whatever the run is. */
export function writeLive(live: LiveRun): string {
  return JSON.stringify(live, (_, value: unknown) =>
    typeof value === 'string' && value.length > LETTERS ? `${value.slice(0, LETTERS)}…` : value
  )
}

/** What `writeLive` wrote; undefined for anything else, such as what another version of this program wrote. */
export function readLive(json: string): LiveRun | undefined {
  try {
    return liveRun(JSON.parse(json))
  } catch {
    return undefined
  }
}

function liveRun(value: unknown): LiveRun | undefined {
  const [stages, done, recent] = [numberAt(value, 'stages'), numberAt(value, 'done'), listAt(value, 'recent')]
  if (stages === undefined || done === undefined || !recent) return undefined
  const running = (listAt(value, 'running') ?? []).flatMap(one => liveStage(one) ?? [])
  return {
    ...{ stages, done, running, recent: recent.flatMap(one => doneStage(one) ?? []) },
    ...given('left', numberAt(value, 'left')),
    ...given('next', textAt(value, 'next'))
  }
}

function named(value: unknown): NamedStage | undefined {
  const [name, kind, what] = [textAt(value, 'name'), textAt(value, 'kind'), textAt(value, 'what')]
  return name === undefined || kind === undefined || what === undefined ? undefined : { name, kind, what }
}

function doneStage(value: unknown): DoneStage | undefined {
  const one = named(value)
  return one && { ...one, ...given('seconds', numberAt(value, 'seconds')) }
}

const UNITS: readonly Progress['unit'][] = ['evaluations', 'iterations', 'samples']

function liveStage(value: unknown): LiveStage | undefined {
  const one = named(value)
  if (!one) return undefined
  const waiting = child(value, 'waiting')
  return {
    ...one,
    ...given('done', numberAt(value, 'done')),
    ...given('total', numberAt(value, 'total')),
    ...given('unit', oneOf(UNITS, child(value, 'unit'))),
    ...(child(value, 'atMost') === true && { atMost: true }),
    ...given('stored', numberAt(value, 'stored')),
    ...given('rate', numberAt(value, 'rate')),
    ...given('left', numberAt(value, 'left')),
    notes: (listAt(value, 'notes') ?? []).filter(note => typeof note === 'string'),
    ...(isMapping(waiting) && { waiting: given('holder', holderIn(child(waiting, 'holder'))) })
  }
}

const SIGHTS: readonly Sight[] = ['alive', 'stopped', 'gone', 'unknown']

function holderIn(value: unknown): ClaimHolder | undefined {
  const [pid, host, ahead] = [numberAt(value, 'pid'), textAt(value, 'host'), numberAt(value, 'ahead')]
  const sight = oneOf(SIGHTS, child(value, 'sight'))
  return pid === undefined || host === undefined || ahead === undefined || !sight
    ? undefined
    : { pid, host, sight, ahead }
}

function oneOf<T>(all: readonly T[], value: unknown): T | undefined {
  return all.find(one => one === value)
}

function given<Key extends string, Value>(key: Key, value: Value | undefined): Partial<Record<Key, Value>> {
  const made: Partial<Record<Key, Value>> = {}
  if (value !== undefined) made[key] = value
  return made
}

function numberAt(value: unknown, key: string): number | undefined {
  const found = child(value, key)
  return typeof found === 'number' && Number.isFinite(found) && found >= 0 ? found : undefined
}

function textAt(value: unknown, key: string): string | undefined {
  const found = child(value, key)
  return typeof found === 'string' ? found : undefined
}

function listAt(value: unknown, key: string): readonly unknown[] | undefined {
  const found = child(value, key)
  return Array.isArray(found) ? found : undefined
}
