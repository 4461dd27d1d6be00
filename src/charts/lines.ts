import { line, symbol, symbolsFill } from 'd3-shape'
import { html, trusted, type Content, type Html } from '../html/html.js'
import { figure, type TableData } from './figure.js'
import { axes, coordinate, MARGIN, placed, svg, type Axis, type Placed, type Size } from './frame.js'

/** Values in their order along the horizontal axis, drawn as a line with marks. */
export interface Series {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: number; readonly spread?: number }[]
  /**
   * Whether it is in the background: grey, thin, without a place in the legend, and cut off where it leaves the room
   * that the others take.
   */
  readonly faint?: boolean
  /** Whether a ring marks its first point. */
  readonly ringed?: boolean
  /** Whether it comes from elsewhere: dashed. */
  readonly dashed?: boolean
  /** Series of one group have one colour. By default each has its own. */
  readonly group?: string
}

/** A chart of lines. */
export interface LineChart {
  readonly caption: Content
  /** What the drawing shows, for those who do not see it. */
  readonly label: string
  readonly x: Omit<Axis, 'values'>
  readonly y: Omit<Axis, 'values'>
  readonly series: readonly Series[]
  readonly data: TableData
  /** Whether each value has a mark; long lines do without. */
  readonly marks?: boolean
}

const SIZE: Size = { width: 560, height: 320 }

/** Colours that are told apart by most people, light and dark; `style` of the page defines as many. */
export const COLOURS = 8

/** A chart of lines over a common horizontal axis. */
export function lineChart({ caption, label, x, y, series, data, marks = true }: LineChart): Html {
  const focus = series.some(({ faint }) => !faint) ? series.filter(({ faint }) => !faint) : series
  const all = focus.flatMap(({ points }) => points)
  const horizontal = placed({ ...x, values: all.map(point => point.x) }, MARGIN.left + 8, SIZE.width - MARGIN.right - 8)
  const ends = all.flatMap(point => [point.y - (point.spread ?? 0), point.y + (point.spread ?? 0)])
  const vertical = placed({ ...y, values: ends }, SIZE.height - MARGIN.bottom, MARGIN.top)
  const colours = colouring(series)
  const drawn = series.map((one, i) => ({
    faint: one.faint,
    lines: drawnSeries(one, colours[i], horizontal, vertical, marks)
  }))
  const [behind, before] = [true, false].map(faint =>
    drawn.flatMap(one => ((one.faint ?? false) === faint ? one.lines : []))
  )
  return figure({
    caption,
    drawing: svg(SIZE, label, [axes(SIZE, horizontal, vertical), clipped(behind), before]),
    legend: legend(series, colours),
    data
  })
}

/** What leaves the plot is cut off at its edges. */
function clipped(content: Content): Html {
  const [width, height] = [SIZE.width - MARGIN.left - MARGIN.right, SIZE.height - MARGIN.top - MARGIN.bottom]
  return html`<svg
    x="${MARGIN.left}"
    y="${MARGIN.top}"
    width="${width}"
    height="${height}"
    viewBox="${MARGIN.left} ${MARGIN.top} ${width} ${height}"
    aria-hidden="true"
  >
    ${content}
  </svg>`
}

function colouring(series: readonly Series[]): (number | undefined)[] {
  const groups = [...new Set(series.filter(({ faint }) => !faint).map(({ group, name }) => group ?? name))]
  return series.map(({ faint, group, name }) => (faint ? undefined : groups.indexOf(group ?? name) % COLOURS))
}

function drawnSeries(
  { points, faint, dashed, ringed, name }: Series,
  colour: number | undefined,
  x: Placed,
  y: Placed,
  marks: boolean
): Html {
  const at = points.map(point => ({ ...point, left: x.place(point.x), top: y.place(point.y) }))
  const path = line<(typeof at)[number]>(
    ({ left }) => left,
    ({ top }) => top
  )(at)
  const classes = `series ${colour === undefined ? 'faint' : `c${colour}`}${dashed ? ' dashed' : ''}`
  const bars = at.flatMap(({ left, y: value, spread = 0 }) =>
    spread > 0 ? html`<path class="bar" d="M${left} ${y.place(value - spread)}V${y.place(value + spread)}" />` : []
  )
  const signs = marks && !faint ? at.map(({ left, top }) => mark(colour ?? 0, left, top)) : []
  const ring =
    ringed && at.slice(0, 1).map(({ left, top }) => html`<circle class="bar" cx="${left}" cy="${top}" r="9" />`)
  return html`<g class="${classes}"
    ><title>${name}</title><path class="stroke" d="${path}" />${bars}${ring}${signs}</g
  > `
}

function mark(colour: number, left: number, top: number): Html {
  return html`<path class="sign" transform="translate(${left} ${top})" d="${signOf(colour)}" />`
}

/** The shape that marks a colour, so that series are told apart without it. */
function signOf(colour: number): string {
  const kind = symbolsFill[colour % symbolsFill.length]
  const path = symbol(kind, 46)() ?? ''
  return path.replace(/-?\d+\.\d+/g, found => String(coordinate(Number(found))))
}

/** The names of the series with their colours and shapes. */
function legend(series: readonly Series[], colours: readonly (number | undefined)[]): Html | undefined {
  const named = series.flatMap((one, i) => {
    const colour = colours[i]
    return colour === undefined ? [] : [{ ...one, colour }]
  })
  if (named.length < 2) return undefined
  return html`<ul class="legend">
    ${named.map(
      ({ name, colour, dashed }) =>
        html`<li class="${`series c${colour}${dashed ? ' dashed' : ''}`}">${sample(colour)} ${name}</li> `
    )}
  </ul>`
}

function sample(colour: number): Html {
  return html`<svg viewBox="0 0 30 12" width="30" height="12" aria-hidden="true">
    <path class="stroke" d="M1 6H29" />
    ${trusted(`<path class="sign" transform="translate(15 6)" d="${signOf(colour)}"/>`)}
  </svg>`
}
