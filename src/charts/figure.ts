import { html, type Content, type Html } from '../html/html.js'

/** A cell of a table: a text, or a number, which stands at the right. */
export type TableCell = string | number | Html | null | undefined

/** Rows under titles, for people who read a chart as a table and for everyone who wants its numbers. */
export interface TableData {
  readonly titles: readonly string[]
  readonly rows: readonly (readonly TableCell[])[]
  /** What the table says, for readers that come upon it alone. */
  readonly caption?: Content
  /** Whether the first cell of each row is its title. */
  readonly rowTitles?: boolean
}

/** A table that scrolls by itself where it is wider than its place. */
export function table({ titles, rows, caption, rowTitles = true }: TableData): Html {
  const isNumeric = titles.map((_, i) => rows.length > 0 && rows.every(row => isNumber(row[i])))
  const cell = (value: TableCell, i: number) => {
    const content = typeof value === 'number' ? shortNumber(value) : value
    if (i === 0 && rowTitles) return html`<th scope="row">${content}</th>`
    return isNumeric[i] ? html`<td class="number">${content}</td>` : html`<td>${content}</td>`
  }
  const head = titles.map((title, i) =>
    isNumeric[i] ? html`<th scope="col" class="number">${title}</th>` : html`<th scope="col">${title}</th>`
  )
  return html`<div class="scroll" tabindex="0" role="group" aria-label="table">
    <table>
      ${
        caption === undefined
          ? ''
          : html`<caption>
              ${caption}
            </caption>`
      }
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          row =>
            html`<tr>
              ${row.map(cell)}
            </tr> `
        )}
      </tbody>
    </table>
  </div>`
}

function isNumber(value: TableCell): boolean {
  return value === null || value === undefined || value === '' || typeof value === 'number'
}

/** A number for people: whole numbers with commas, others with so many significant digits. */
export function shortNumber(value: number, digits = 5): string {
  if (!Number.isFinite(value)) return String(value)
  if (Number.isInteger(value)) return value.toLocaleString('en-US')
  const size = Math.abs(value)
  if (size >= 1e6 || size < 1e-4) return value.toExponential(Math.min(digits, 3) - 1)
  return String(Number(value.toPrecision(digits)))
}

/** A drawing with its caption and, behind it, its numbers. */
export interface FigureParts {
  readonly caption: Content
  readonly drawing: Html
  readonly legend?: Content
  readonly data: TableData
}

/** A chart for everyone: the drawing, its caption, and a table that opens without a script. */
export function figure({ caption, drawing, legend, data }: FigureParts): Html {
  return html`<figure class="chart">
    <figcaption>${caption}</figcaption>
    ${legend}
    <div class="drawing">${drawing}</div>
    <details>
      <summary>The numbers of this chart</summary>
      ${table(data)}
    </details>
  </figure>`
}
