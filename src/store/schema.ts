import { EpdError } from '../errors.js'
import { MIGRATIONS } from './migrations.js'
import { refreshResults } from './results.js'
import { defineSeal } from './seals.js'
import { checkColumns, checkPages, mendIndices } from './soundness.js'
import type { Database } from './sqlite.js'

/**
 * Brings a database to this version's schema, all or nothing. What older versions wrote is taken for whole, and sealed.
 */
export function migrate(database: Database, file: string): void {
  const run = database.transaction(() => {
    const version = versionOf(database)
    if (version > MIGRATIONS.length)
      throw new EpdError(
        'store-version',
        `${file}: the store is of version ${version}, this epd-run knows ${MIGRATIONS.length}`,
        { wayOut: 'newer-version' }
      )
    if (version === 0 && holdsTables(database)) throw notOurs(database, file)
    for (const sql of MIGRATIONS.slice(version)) database.exec(sql)
    checkColumns(database, file, makeTables)
    refreshResults(database)
    database.pragma(`user_version = ${MIGRATIONS.length}`)
  })
  if (versionOf(database) <= MIGRATIONS.length) mendIndices(database, file)
  run.immediate()
}

/** Makes the tables of this version in an empty database. */
function makeTables(database: Database): void {
  defineSeal(database)
  for (const sql of MIGRATIONS) database.exec(sql)
}

/**
 * @throws EpdError `store-version` unless the database is of exactly this version, `store-corrupt` where it is damaged
 */
export function checkVersion(database: Database, file: string): void {
  const version = versionOf(database)
  if (version === MIGRATIONS.length) {
    checkPages(database, file)
    checkColumns(database, file, makeTables)
    return
  }
  const message = `${file}: the store is of version ${version}, this epd-run knows ${MIGRATIONS.length}`
  if (version > MIGRATIONS.length) throw new EpdError('store-version', message, { wayOut: 'newer-version' })
  if (version === 0) throw notOurs(database, file)
  throw new EpdError('store-version', `${message}; run an experiment in it once to bring it up to date`)
}

function notOurs(database: Database, file: string): EpdError {
  if (holdsTables(database))
    return new EpdError('store-corrupt', `${file}: is another program's database`, { wayOut: 'another-store' })
  return new EpdError('not-found', `${file}: is empty, since nothing was run there`, { wayOut: 'make-store' })
}

function versionOf(database: Database): number {
  return Number(database.pragma('user_version', { simple: true }))
}

function holdsTables(database: Database): boolean {
  return database.prepare('SELECT 1 FROM sqlite_master').get() !== undefined
}
