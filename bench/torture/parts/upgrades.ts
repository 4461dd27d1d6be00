import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { digestOfBytes } from '../../../src/files/digest.js'
import { MIGRATIONS } from '../../../src/store/migrations.js'
import { openDatabase } from '../../../src/store/sqlite.js'
import { openStore } from '../../../src/store/store.js'
import { OLD_VERSIONS, tinySpec, unpackStore } from '../../../test/support/old-stores.js'
import { outcome } from '../../../test/support/outcome.js'
import { unclear } from '../failing.js'
import { tally, type Context, type Part, type Tally } from '../part.js'
import { launch } from '../trial.js'

/** The commands that read a store, with what they are asked. */
const READERS = [
  ['ls'],
  ['show', 'tiny'],
  ['table', 'tiny', '--metric', 'rmse'],
  ['query', 'SELECT samples, rmse, psnr FROM results'],
  ['predictors'],
  ['export', 'own']
]

export const upgrades: Part = {
  name: 'upgrades',
  title:
    'Each command that reads, and a run, meet a store of every earlier version and one of a later version. Who only reads refuses and changes nothing; a run brings an earlier store up to date, and refuses a later one.',
  async *run({ short, folder, say }: Context) {
    const spec = tinySpec(join(folder, 'spec'))
    const fresh = join(folder, 'fresh')
    await launch(['run', spec, '--store', fresh]).ended
    const wanted = outcome(fresh)
    for (const version of short ? OLD_VERSIONS.slice(0, 1) : OLD_VERSIONS) {
      const row = tally(`version ${version}`, say)
      const store = join(folder, `v${version}`)
      unpackStore(version, store)
      await expectRefused(READERS, store, row)
      await expectUpgrade(store, spec, version, wanted, row)
      yield row.row()
    }
    const row = tally(`version ${MIGRATIONS.length + 1}, which is later`, say)
    const store = join(folder, 'later')
    unpackStore(Math.max(...OLD_VERSIONS), store)
    const database = openDatabase(join(store, 'store.sqlite'))
    database.pragma(`user_version = ${MIGRATIONS.length + 1}`)
    database.close()
    await expectRefused([...(short ? [] : READERS), ['run', spec], ['resume']], store, row)
    yield row.row()
  }
}

/** Every command ends with an error that says what to do, and leaves all files as they are. */
async function expectRefused(commands: readonly (readonly string[])[], store: string, row: Tally): Promise<void> {
  const before = filesOf(store)
  for (const command of commands) {
    row.trial()
    const ended = await launch([...command, '--store', store]).ended
    const problem = ended.code === 0 ? 'is not refused' : unclear(ended)
    const says = ended.stderr.includes('the store is of version')
    if (problem !== undefined || !says) row.fault('wrong', `${command.join(' ')}: ${problem ?? ended.stderr}`)
    if (!isDeepStrictEqual(filesOf(store), before)) row.fault('lost', `${command.join(' ')} has changed the store`)
  }
}

/** A run ends as on a new store, and what the old version had found can be read after it. */
async function expectUpgrade(
  store: string,
  spec: string,
  version: number,
  wanted: ReturnType<typeof outcome>,
  row: Tally
): Promise<void> {
  const before = rowsOf(store)
  row.trial()
  const { code, stderr } = await launch(['run', spec, '--store', store]).ended
  if (code !== 0) row.fault('wrong', `a run ends with ${code}: ${stderr}`)
  if (!isDeepStrictEqual(outcome(store), wanted)) row.fault('wrong', 'a run has another result than on a new store')
  const after = rowsOf(store)
  for (const one of before) if (!after.includes(one)) row.fault('lost', `${one} is gone`)
  for (const command of READERS.filter(([name]) => version > 1 || name !== 'export')) {
    row.trial()
    const ended = await launch([...command, '--store', store]).ended
    if (ended.code !== 0) row.fault('wrong', `${command.join(' ')} ends with ${ended.code}: ${ended.stderr}`)
  }
  for (const { id } of reading(store, opened => opened.runs())) reading(store, opened => opened.results(id))
  rmSync(store, { recursive: true })
}

function reading<T>(store: string, read: (opened: ReturnType<typeof openStore>) => T): T {
  const opened = openStore(store)
  try {
    return read(opened)
  } finally {
    opened.close()
  }
}

/** The scores and predictors in a database, whatever its version. */
function rowsOf(store: string): readonly string[] {
  const database = openDatabase(join(store, 'store.sqlite'), { readonly: true })
  try {
    return [
      'SELECT stage_key, samples_key, name, value, count FROM metrics',
      'SELECT stage_key, predictor, sigmas, loss FROM predictors',
      'SELECT stage_key, name, position, digest FROM artifacts'
    ].flatMap(sql =>
      database
        .prepare(sql)
        .all()
        .map(row => JSON.stringify(row))
    )
  } finally {
    database.close()
  }
}

/** All files but those that SQLite makes beside a database that it reads. */
function filesOf(store: string): Readonly<Record<string, string>> {
  const files = readdirSync(store, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  const paths = files
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter(path => !/-(wal|shm)$/.test(path))
    .sort()
  return Object.fromEntries(paths.map(path => [path, digestOfBytes(readFileSync(path))]))
}
