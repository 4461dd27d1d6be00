import { openStore, type Store } from '../store/store.js'
import type { Flags } from './flags.js'
import { inColumns } from './columns.js'
import { lineWidth } from './terminal.js'

export function query(sql: string | undefined, { store: dir, json, csv }: Flags & { readonly csv?: boolean }): void {
  const store = openStore(dir)
  try {
    if (sql === undefined) {
      const found = tablesOf(store)
      process.stdout.write(json ? `${JSON.stringify(found)}\n` : described(found))
      return
    }
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

interface Table {
  readonly name: string
  readonly columns: readonly string[]
}

/** What can be queried, `results` first: the view that most questions are about. */
function tablesOf(store: Store): Table[] {
  const { rows } = store.query(
    `SELECT tables.name, columns.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
     WHERE tables.type IN ('table', 'view') AND tables.name NOT LIKE 'sqlite_%'
     ORDER BY tables.type = 'table', tables.name, columns.cid`
  )
  const found = new Map<string, string[]>()
  for (const [table, column] of rows) {
    const columns = found.get(String(table)) ?? []
    columns.push(String(column))
    found.set(String(table), columns)
  }
  return [...found].map(([name, columns]) => ({ name, columns }))
}

const EXAMPLES: readonly (readonly [string, string])[] = [
  ['the solvers, the best first', 'SELECT solver, nfe, rmse, psnr FROM results ORDER BY rmse'],
  ['the runs, the newest first', 'SELECT id, status, created FROM runs ORDER BY created DESC'],
  [
    'what a distillation went through (loss is the square of the rms loss that a run shows)',
    'SELECT name, iteration, phase, step, sqrt(loss) AS rms FROM iterations JOIN run_stages USING (stage_key)'
  ],
  ['the time points of what was learned', 'SELECT name, sigmas FROM predictors JOIN run_stages USING (stage_key)'],
  [
    'what each stage took',
    'SELECT name, kind, evaluations, seconds FROM stages JOIN run_stages ON stage_key = key ORDER BY seconds DESC'
  ]
]

function described(tables: readonly Table[]): string {
  const width = Math.max(...tables.map(({ name }) => name.length))
  const lists = tables.map(({ name, columns }) => wrapped(`${name.padEnd(width)}  `, columns))
  const examples = EXAMPLES.map(([what, sql]) => `${what}:\n  epd-run query "${sql}"\n`)
  return `${lists.join('\n')}\n\n${examples.join('\n')}`
}

/** Words behind a title, in lines that a terminal holds. */
function wrapped(title: string, words: readonly string[]): string {
  const width = Math.min(lineWidth(), MOST)
  const lines = [title]
  words.forEach((word, i) => {
    const piece = i < words.length - 1 ? `${word}, ` : word
    const line = lines[lines.length - 1]
    if (line.length > title.length && `${line}${piece}`.trimEnd().length > width)
      lines.push(' '.repeat(title.length) + piece)
    else lines[lines.length - 1] = line + piece
  })
  return lines.map(line => line.trimEnd()).join('\n')
}

/** Characters of a line, where no terminal limits it. */
const MOST = 100

/** RFC 4180. */
export function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
