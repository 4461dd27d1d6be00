import { html, type Content, type Html } from '../html/html.js'
import { figure, type TableData } from './figure.js'
import { axes, coordinate, MARGIN, placed, svg, type Axis, type Size } from './frame.js'

/** A dot of a row. */
export interface Dot {
  readonly x: number
  /** Its area is in proportion to the size of this; a negative one is hollow. */
  readonly weight: number
  readonly title: string
}

/** Rows of dots above one axis. */
export interface DotChart {
  readonly caption: Content
  readonly label: string
  readonly x: Omit<Axis, 'values'>
  readonly rows: readonly { readonly name: string; readonly dots: readonly Dot[] }[]
  /** Values that get a line from top to bottom. */
  readonly lines: readonly number[]
  readonly data: TableData
}

const WIDTH = 560
const ROW = 26
const LARGEST = 10
const SMALLEST = 2.5

/** A chart of what lies where on one axis, such as evaluations at their noise levels. */
export function dotChart({ caption, label, x, rows, lines, data }: DotChart): Html {
  const size: Size = { width: WIDTH, height: MARGIN.top + Math.max(rows.length, 1) * ROW + MARGIN.bottom }
  const dots = rows.flatMap(row => row.dots)
  const values = [...lines, ...dots.map(dot => dot.x)]
  const scale = placed({ ...x, values }, MARGIN.left + LARGEST, WIDTH - MARGIN.right - LARGEST)
  const heaviest = Math.max(...dots.map(({ weight }) => Math.abs(weight)), Number.MIN_VALUE)
  const radius = (weight: number) => coordinate(Math.max(LARGEST * Math.sqrt(Math.abs(weight) / heaviest), SMALLEST))
  const bottom = size.height - MARGIN.bottom
  const drawnLines = lines.map(value => html`<path class="rule" d="M${scale.place(value)} ${MARGIN.top}V${bottom}" />`)
  const drawn = rows.map(({ name, dots: own }, i) => {
    const top = MARGIN.top + (i + 0.5) * ROW
    return html`<g class="series c0"
      ><text x="${MARGIN.left - 6}" y="${top + 4}" text-anchor="end">${name}</text>${own.map(
        dot =>
          html`<circle
            class="${dot.weight < 0 ? 'hollow' : 'sign'}"
            cx="${scale.place(dot.x)}"
            cy="${top}"
            r="${radius(dot.weight)}"
            ><title>${dot.title}</title></circle
          >`
      )}</g
    > `
  })
  return figure({ caption, drawing: svg(size, label, [drawnLines, axes(size, scale, undefined), drawn]), data })
}
