/** What spreadsheets take for the beginning of a formula, also behind blanks. */
const FORMULA = /^\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/

/**
 * A cell as RFC 4180 has it. A text that a spreadsheet would take for a formula has an apostrophe before it, which
 * makes it a text there; numbers, also those written as texts, are left as they are.
 */
export function csvCell(value: unknown): string {
  const text =
    value === null || value === undefined
      ? ''
      : typeof value === 'string'
        ? harmless(value)
        : typeof value === 'bigint'
          ? String(value)
          : JSON.stringify(value)
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function harmless(text: string): string {
  return FORMULA.test(text) && !isNumber(text) ? `'${text}` : text
}

function isNumber(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) || text === '-Infinity'
}

/** Rows as lines of CSV, without a last line feed. */
export function csvLines(rows: readonly (readonly unknown[])[]): string {
  return rows.map(row => row.map(csvCell).join(',')).join('\n')
}
