import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase, type Database } from '../../src/store/sqlite.js'
import { createStore, openStore } from '../../src/store/store.js'

let root: string
const run = { id: 'a-00000001', name: 'a', description: 'first', file: 'a.yaml', spec: 'name: a\n', overrides: [] }
const file = () => join(root, 'store.sqlite')

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'epd-sound-'))
  const store = createStore(root)
  store.beginRun(run, [{ name: 'samples', key: 'k1' }])
  store.close()
})

afterEach(() => {
  rmSync(root, { recursive: true })
})

function database<T>(work: (database: Database) => T): T {
  const opened = openDatabase(file())
  try {
    return work(opened)
  } finally {
    opened.close()
  }
}

/** Changes a byte at the end of the page where a table or an index begins, which is in its first entry. */
function changeEntryOf(name: string): void {
  const [page, size] = database(opened => [
    Number(opened.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(name)),
    Number(opened.pragma('page_size', { simple: true }))
  ])
  const bytes = readFileSync(file())
  bytes[page * size - 3] ^= 1
  writeFileSync(file(), bytes)
}

const corrupt = (message: RegExp) =>
  expect.objectContaining({ code: 'store-corrupt', message: expect.stringMatching(message) as unknown }) as unknown

describe('an index that does not say what its table holds', () => {
  it('is told of where the store is read, and made anew where it is written', () => {
    changeEntryOf('sqlite_autoindex_run_stages_1')
    expect(() => openStore(root)).toThrow(corrupt(/sqlite: is damaged \(.*index.*\); run an experiment in it/))
    createStore(root).close()
    const store = openStore(root)
    expect(store.runStages(run.id)).toMatchObject([{ name: 'samples', key: 'k1' }])
    store.close()
  })
})

describe('columns of other names or types', () => {
  it.each([
    ['name', 'ALTER TABLE runs RENAME COLUMN description TO descriptiom'],
    ['type', 'DROP TABLE imported_predictors; CREATE TABLE imported_predictors (name TEXT, record TEXT, source TEXT)'],
    ['table', 'ALTER TABLE metrics RENAME TO metricz']
  ])('are refused where the store is read and where it is written: %s', (_, sql) => {
    database(opened => opened.exec(`DROP VIEW results; ${sql}`))
    expect(() => openStore(root)).toThrow(corrupt(/is damaged \(the columns of the table/))
    expect(() => createStore(root)).toThrow(corrupt(/is damaged \(the columns of the table/))
  })

  it('are told from tables of other programs, which change nothing', () => {
    database(opened => opened.exec('CREATE TABLE notes (text TEXT); CREATE INDEX by_text ON notes (text)'))
    const store = openStore(root)
    expect(store.run('a')).toMatchObject(run)
    store.close()
  })
})
