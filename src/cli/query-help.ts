import { catalogue, type CataloguedTable } from '../store/catalogue.js'
import { EXAMPLE_QUERIES } from '../store/example-queries.js'
import type { Store } from '../store/store.js'
import { layoutOf } from './columns.js'
import { lineWidth } from './terminal.js'
import { wrapped } from './text-width.js'

/** Characters of a line, where no terminal limits it. */
const MOST = 100

/** What can be queried in a store: the tables of every store, and columns for metrics that only this one has. */
export function knownTables(store: Store): CataloguedTable[] {
  const { columns } = store.query('SELECT * FROM results LIMIT 0')
  return catalogue().map(table => {
    const known = table.columns.map(({ name }) => name)
    const own = table.name === 'results' ? columns.filter(name => !known.includes(name)) : []
    return { ...table, columns: [...table.columns, ...own.map(name => ({ name, what: 'a metric of this store' }))] }
  })
}

/** Tables with their columns and units, and queries to begin with, as a page for people. */
export function describedTables(tables: readonly CataloguedTable[]): string {
  const width = Math.min(lineWidth(), MOST)
  const lists = tables.map(({ name, kind, row, columns }) => {
    const title = wrapped(`${name} (${kind}): a row is ${row}`, width).join('\n')
    const rows = columns.map(column => [`  ${column.name}`, column.what])
    const { line } = layoutOf(['column', 'what'], rows, { width })
    return [title, ...rows.map(cells => line(cells))].join('\n')
  })
  const examples = EXAMPLE_QUERIES.map(({ title, sql }) => {
    const words = wrapped(`${title}:`, width).join('\n')
    return `${words}\n  epd-run query "${sql.replaceAll(/\s*\n\s*/g, ' ')}"`
  })
  return `${lists.join('\n\n')}\n\n${examples.join('\n\n')}`
}
