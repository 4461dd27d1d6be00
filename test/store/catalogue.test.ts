import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { catalogue } from '../../src/store/catalogue.js'
import { EXAMPLE_QUERIES } from '../../src/store/example-queries.js'
import { createStore, type WritableStore } from '../../src/store/store.js'
import { temporaryFolder } from '../support/cli.js'

describe('the catalogue of a store', () => {
  let store: WritableStore
  beforeAll(() => {
    store = createStore(temporaryFolder())
  })
  afterAll(() => {
    store.close()
  })

  it('names all tables and views that there are, and no other', () => {
    const { rows } = store.query(
      "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
    )
    const known = catalogue().map(({ name, kind }) => [name, kind])
    expect(known.sort()).toEqual(rows.map(row => row.map(String)).sort())
  })

  it.each(catalogue())('says of each column of $name what it holds, in its order', ({ name, columns }) => {
    expect(columns.map(column => column.name)).toEqual(store.query(`SELECT * FROM ${name} LIMIT 0`).columns)
    for (const { what } of columns) expect(what).toMatch(/\w/)
  })

  it.each(EXAMPLE_QUERIES)('has an example that runs, and that a shell takes within quotes: $title', ({ sql }) => {
    expect(store.query(sql).columns.length).toBeGreaterThan(1)
    // Within double quotes a shell replaces what begins with these.
    expect(sql).not.toMatch(/["`!]|\$[\w({]/)
  })
})
