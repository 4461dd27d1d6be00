import { openStore } from '../store/store.js'
import type { Flags } from './main.js'
import { inColumns } from './columns.js'

export function query(sql: string, { store: dir, json, csv }: Flags & { readonly csv?: boolean }): void {
  const store = openStore(dir)
  try {
    const { columns, rows } = store.query(sql)
    if (json)
      process.stdout.write(
        `${JSON.stringify(rows.map(row => Object.fromEntries(columns.map((column, i) => [column, row[i]]))))}\n`
      )
    else if (csv) process.stdout.write([columns, ...rows].map(row => `${row.map(csvCell).join(',')}\n`).join(''))
    else process.stdout.write(`${inColumns(columns, rows)}\n`)
  } finally {
    store.close()
  }
}

/** RFC 4180. */
export function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
