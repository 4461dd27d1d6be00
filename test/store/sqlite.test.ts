import { join } from 'node:path'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { openDatabase } from '../../src/store/sqlite.js'

it('opens databases with the version of better-sqlite3 that the running Node works with', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'epd-sqlite-')), 'a.sqlite')
  const database = openDatabase(file)
  database.exec('CREATE TABLE numbers (n)')
  const insert = database.prepare('INSERT INTO numbers VALUES (?)')
  // Many short-lived statements: freeing them is what ends a Node that the version does not fit.
  for (let n = 0; n < 20_000; n++) database.prepare('SELECT 1').get()
  database.transaction(() => insert.run(1))()
  database.close()

  const reader = openDatabase(file, { readonly: true })
  expect(reader.prepare('SELECT n FROM numbers').all()).toEqual([{ n: 1 }])
  expect(() => reader.exec('DELETE FROM numbers')).toThrow(expect.objectContaining({ code: 'SQLITE_READONLY' }))
  reader.close()
})
