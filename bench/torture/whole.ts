import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { digestOfBytes } from '../../src/files/digest.js'
import { openDatabase } from '../../src/store/sqlite.js'
import { outcome } from '../../test/support/outcome.js'
import type { Tally } from './part.js'
import { launch } from './trial.js'

/** What an undisturbed run leaves. */
export interface Whole {
  readonly outcome: ReturnType<typeof outcome>
  /** The digests of its files by their paths; those of the cache, which tell of times, by their paths alone. */
  readonly files: ReadonlyMap<string, string>
}

/** Runs a spec undisturbed, and keeps what it leaves. */
export async function wholeRun(spec: string, store: string): Promise<Whole> {
  const { code, stderr } = await launch(['run', spec, '--store', store]).ended
  if (code !== 0) throw new Error(`an undisturbed run ended with ${code}: ${stderr}`)
  return { outcome: outcome(store), files: filesOf(store) }
}

/** Counts whatever of a store is not as an undisturbed run leaves it. */
export function expectWhole(store: string, whole: Whole, tally: Tally, when: string): void {
  try {
    if (!isDeepStrictEqual(outcome(store), whole.outcome)) tally.fault('lost', `the store differs after ${when}`)
    for (const problem of [...damage(store), ...differences(filesOf(store), whole.files)])
      tally.fault('lost', `${problem} after ${when}`)
  } catch (error) {
    tally.fault('lost', `the store cannot be read after ${when}: ${String(error)}`)
  }
}

/** What SQLite finds wrong. */
function damage(store: string): readonly string[] {
  const database = openDatabase(join(store, 'store.sqlite'), { readonly: true, timeout: 1000 })
  try {
    const found = String(database.pragma('integrity_check', { simple: true }))
    return found === 'ok' ? [] : [`store.sqlite: ${found}`]
  } finally {
    database.close()
  }
}

function differences(found: Whole['files'], wanted: Whole['files']): readonly string[] {
  return [
    ...[...wanted].filter(([path, digest]) => found.get(path) !== digest).map(([path]) => `${path} is not as it was`),
    ...[...found.keys()].filter(path => !wanted.has(path)).map(path => `${path} is left over`)
  ]
}

/** All files of a store but its database, by their paths from it. */
function filesOf(store: string): ReadonlyMap<string, string> {
  const files = readdirSync(store, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  const paths = files.map(({ parentPath, name }) => join(parentPath, name).slice(store.length + 1)).sort()
  return new Map(
    paths.flatMap(path => {
      if (path === 'store.sqlite') return []
      const cached = path.startsWith('cache')
      return [[path, cached ? '' : digestOfBytes(readFileSync(join(store, path)))] as const]
    })
  )
}
