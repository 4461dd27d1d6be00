import { html, type Content, type Html } from '../html/html.js'
import { figure, type TableData } from './figure.js'
import { coordinate, svg } from './frame.js'

/** A bar from one value to another, in the units of the axis. */
export interface Bar {
  readonly from: number
  readonly to: number
  readonly title: string
  /** Whether it is drawn as one that took no work here. */
  readonly light?: boolean
}

/** Rows of bars above one axis. */
export interface BarChart {
  readonly caption: Content
  readonly label: string
  readonly rows: readonly { readonly name: string; readonly bars: readonly Bar[] }[]
  readonly ticks: readonly { readonly at: number; readonly label: string }[]
  /** Places where something was left out: a line from top to bottom. */
  readonly breaks: readonly number[]
  readonly end: number
  readonly data: TableData
}

const WIDTH = 560
const LEFT = 196
const RIGHT = 14
const ROW = 20
const BOTTOM = 28
const LETTERS = 20

/** A chart of what took how long, and when. */
export function barChart({ caption, label, rows, ticks, breaks, end, data }: BarChart): Html {
  const bottom = rows.length * ROW + 4
  const place = (value: number) => coordinate(LEFT + (Math.max(value, 0) / (end || 1)) * (WIDTH - LEFT - RIGHT))
  const drawing = svg({ width: WIDTH, height: bottom + BOTTOM }, label, [
    html`<g class="axes"
      >${ticks.map(
        tick =>
          html`<path class="rule" d="M${place(tick.at)} 0V${bottom}" /><text
              x="${place(tick.at)}"
              y="${bottom + 18}"
              text-anchor="${anchor(tick.at, end)}"
              >${tick.label}</text
            >`
      )}${breaks.map(at => html`<path class="break" d="M${place(at)} 0V${bottom}" />`)}</g
    >`,
    rows.map(
      ({ name, bars }, i) =>
        html`<g
          ><text x="${LEFT - 8}" y="${i * ROW + 15}" text-anchor="end"
            >${name.length > LETTERS ? `${name.slice(0, LETTERS - 1)}…` : name}</text
          >${bars.map(
            bar =>
              html`<rect
                class="${bar.light ? 'span light' : 'span'}"
                x="${place(bar.from)}"
                y="${i * ROW + 5}"
                width="${coordinate(Math.max(place(bar.to) - place(bar.from), 1.5))}"
                height="${ROW - 8}"
                ><title>${bar.title}</title></rect
              >`
          )}</g
        > `
    )
  ])
  return figure({ caption, drawing, data })
}

/** Labels at the ends stay within the drawing. */
function anchor(at: number, end: number): string {
  return at > end * 0.93 ? 'end' : at < end * 0.04 ? 'start' : 'middle'
}
