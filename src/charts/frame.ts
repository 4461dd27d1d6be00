import { scaleLinear, scaleLog } from 'd3-scale'
import { html, type Content, type Html } from '../html/html.js'
import { shortNumber } from './figure.js'

/** The size of a drawing in its own units, about CSS pixels; it is as wide as its place is. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** What an axis shows. */
export interface Axis {
  readonly title: string
  /** The values that it must hold. */
  readonly values: readonly number[]
  readonly log?: boolean
  /** Values that get a mark each, in place of round ones. */
  readonly ticks?: readonly number[]
  /** Whether the larger values stand first. */
  readonly reversed?: boolean
}

/** Where values stand, and where marks do. */
export interface Placed {
  readonly place: (value: number) => number
  readonly ticks: readonly { readonly at: number; readonly label: string }[]
  readonly title: string
}

/** Margins around the plot, in the drawing's units: titles and labels stand there. */
export const MARGIN = { top: 12, right: 28, bottom: 46, left: 62 }

/** A coordinate with one digit, which is less than anyone sees. */
export function coordinate(value: number): number {
  return Math.round(value * 10) / 10
}

/** An axis from one place of the drawing to another. */
export function placed(
  { title, values, log = false, ticks, reversed = false }: Axis,
  from: number,
  to: number
): Placed {
  const finite = values.filter(value => Number.isFinite(value) && (!log || value > 0))
  const [low, high] = spread(finite, log)
  const range = reversed ? [to, from] : [from, to]
  const scale = log ? scaleLog([low, high], range) : scaleLinear([low, high], range)
  if (!ticks && !log) scale.nice()
  const marks = ticks ?? roundTicks(scale, log)
  return {
    title,
    place: value => coordinate(scale(log ? Math.max(value, low) : value)),
    ticks: marks.map(value => ({ at: coordinate(scale(value)), label: shortNumber(value, 3) }))
  }
}

/** The room that a logarithmic axis has beyond its values, as a factor. */
const ROOM = 1.12

/** The ends of an axis; a single value gets some room on both sides. */
function spread(values: readonly number[], log: boolean): [number, number] {
  if (values.length === 0) return log ? [1, 10] : [0, 1]
  const [low, high] = [Math.min(...values), Math.max(...values)]
  if (low < high) return log ? [low / ROOM, high * ROOM] : [low, high]
  if (log) return [low / 2, high * 2]
  return low === 0 ? [0, 1] : [low - Math.abs(low) / 10, high + Math.abs(high) / 10]
}

const MOST_TICKS = 7

/** Round values along a scale: of a logarithmic one that spans decades, powers of ten. */
function roundTicks(scale: { ticks: (count: number) => number[]; domain: () => number[] }, log: boolean): number[] {
  const ticks = scale.ticks(5)
  if (!log || ticks.length <= MOST_TICKS) return ticks
  const wanted = (digits: readonly number[]) =>
    ticks.filter(value => digits.includes(Math.round(Number(value.toExponential().split('e')[0]))))
  const fewer = [[1, 2, 5], [1, 3], [1]].map(wanted).find(found => found.length <= MOST_TICKS && found.length > 1)
  const powers = fewer ?? wanted([1])
  const every = Math.ceil(powers.length / MOST_TICKS)
  return powers.filter((_, i) => i % every === 0)
}

/** The axes of a plot with a line across it at each mark of the vertical one. */
export function axes({ width, height }: Size, x: Placed, y: Placed | undefined): Html {
  const bottom = height - MARGIN.bottom
  const right = width - MARGIN.right
  return html`<g class="axes">
    ${y?.ticks.map(
      ({ at, label }) =>
        html`<path class="rule" d="M${MARGIN.left} ${at}H${right}" /><text
            x="${MARGIN.left - 8}"
            y="${at + 4}"
            text-anchor="end"
            >${label}</text
          > `
    )}${x.ticks.map(
      ({ at, label }) =>
        html`<path class="mark" d="M${at} ${bottom}v5" /><text x="${at}" y="${bottom + 19}" text-anchor="middle"
            >${label}</text
          > `
    )}<path class="line" d="M${MARGIN.left} ${bottom}H${right}" />
    <text class="title" x="${(MARGIN.left + right) / 2}" y="${height - 6}" text-anchor="middle">${x.title}</text>
    ${y && html`<text class="title" transform="translate(14 ${(MARGIN.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${y.title}</text>`}
  </g>`
}

/** A drawing in whose place screen readers say its label. One that is `fixed` keeps its size, whatever its place has. */
export function svg({ width, height }: Size, label: string, content: Content, fixed = false): Html {
  const size = fixed && html` width="${width}" height="${height}"`
  return html`<svg${size} viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">${content}</svg>`
}
