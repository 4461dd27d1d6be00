import { padded, textWidth } from './text-width.js'

/** Letters that plots are drawn with. */
interface Letters {
  /** From the lowest to the highest. */
  readonly heights: readonly string[]
  readonly mark: string
  readonly axis: string
  readonly corner: string
  readonly tick: string
  readonly line: string
}

const UNICODE: Letters = { heights: Array.from('▁▂▃▄▅▆▇█'), mark: '•', axis: '┤', corner: '└', tick: '┼', line: '─' }
const ASCII: Letters = { heights: Array.from('_.-=+*#'), mark: '*', axis: '|', corner: '+', tick: '|', line: '-' }

/** Where a plot is drawn. */
export interface Canvas {
  /** Places of a line. */
  readonly width: number
  readonly unicode: boolean
}

function lettersOf({ unicode }: Canvas): Letters {
  return unicode ? UNICODE : ASCII
}

/** Values above 0 as one line of bars, on a logarithmic scale from the smallest to the largest. */
export function sparkline(values: readonly number[], canvas: Canvas): string {
  const { heights } = lettersOf(canvas)
  const some = thinned(values, canvas.width)
  const scale = scaleOf(some)
  return some.map(value => heights[Math.round(scale(value) * (heights.length - 1))]).join('')
}

/** Rows of a curve. */
const HEIGHT = 6

/** Values above 0 as a curve, on a logarithmic axis whose ends are written beside it. One letter a value. */
export function curve(values: readonly number[], canvas: Canvas): string[] {
  const { axis, corner, line, mark } = lettersOf(canvas)
  const [most, least] = [Math.max(...values), Math.min(...values)].map(value => String(Number(value.toPrecision(4))))
  const margin = Math.max(textWidth(most), textWidth(least)) + 1
  const stretch = stretched(thinned(values, Math.max(canvas.width - margin - 1, 1)), canvas.width - margin - 1)
  const scale = scaleOf(stretch.map(({ value }) => value))
  const rows = Array.from({ length: HEIGHT }, (_, row) => {
    const label = row === 0 ? most : row === HEIGHT - 1 ? least : ''
    const cells = stretch.map(({ value, isOwn }) =>
      isOwn && Math.round((1 - scale(value)) * (HEIGHT - 1)) === row ? mark : ' '
    )
    return `${padded(label, margin - 1, true)} ${axis}${cells.join('')}`.trimEnd()
  })
  return [...rows, `${' '.repeat(margin)}${corner}${line.repeat(stretch.length)}`]
}

/** At most so many of the values, evenly chosen; the first and the last are among them. */
function thinned(values: readonly number[], most: number): readonly number[] {
  if (values.length <= most) return values
  if (most < 2) return values.slice(-1)
  return Array.from({ length: most }, (_, i) => values[Math.round((i * (values.length - 1)) / (most - 1))])
}

/** Letters from one value to the next, where there are few values. */
const STRETCH = 6

/** Places for values, so that few of them do not stand in a corner. */
function stretched(values: readonly number[], width: number): { readonly value: number; readonly isOwn: boolean }[] {
  const each = Math.max(1, Math.min(STRETCH, Math.floor(width / Math.max(values.length, 1))))
  return values.flatMap(value => Array.from({ length: each }, (_, i) => ({ value, isOwn: i === 0 })))
}

/** A scale spans a hundredth at least, so that values that hardly differ stand on one line. */
const LEAST_SPAN = Math.log(1.01)

/** Where a value stands between the smallest, 0, and the largest, 1, in logarithms. */
function scaleOf(values: readonly number[]): (value: number) => number {
  const [least, most] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))]
  const span = Math.max(most - least, LEAST_SPAN)
  return value => (Number.isFinite(least) && Number.isFinite(span) ? (Math.log(value) - least) / span : 0)
}

/** What stands on an axis of noise levels. */
export interface AxisMarks {
  /** Noise levels between which steps are taken. */
  readonly steps: readonly number[]
  /** Noise levels at which the model is evaluated besides. */
  readonly points: readonly number[]
}

/**
 * Noise levels on a logarithmic axis, the highest to the left: a line of ticks where steps begin and end, and a line of
 * marks where points lie between them. A level of 0 stands behind the end of the axis.
 */
export function sigmaAxis({ steps, points }: AxisMarks, canvas: Canvas): string[] {
  const { line, tick, mark } = lettersOf(canvas)
  const positive = [...steps, ...points].filter(sigma => sigma > 0)
  const [high, low] = [Math.max(...positive), Math.min(...positive)]
  const ends = [high, low].map(sigma => String(Number(sigma.toPrecision(3))))
  const room = canvas.width - textWidth(ends[0]) - textWidth(ends[1]) - 2
  if (positive.length < 2 || room < 2) return []
  const scale = scaleOf([high, low])
  const place = (sigma: number) => Math.round((1 - scale(sigma)) * (room - 1))
  const marked = (sigmas: readonly number[], letter: string, ground: string) => {
    const cells = Array.from({ length: room }, () => ground)
    for (const sigma of sigmas.filter(each => each > 0)) cells[place(sigma)] = letter
    return cells.join('')
  }
  const above = points.length > 0 ? [`${' '.repeat(textWidth(ends[0]) + 1)}${marked(points, mark, ' ')}`.trimEnd()] : []
  return [...above, `${ends[0]} ${marked(steps, tick, line)} ${ends[1]}`]
}
