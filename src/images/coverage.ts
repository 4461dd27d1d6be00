import type { Step } from 'opentype.js'

/** How much of each pixel an outline covers, 0 to 1, within the rectangle that it fits into. */
export interface Coverage {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  /** [height, width] */
  readonly shares: Float64Array
}

/** Lines that a curve is drawn as. Letters are so small that nobody sees more. */
const LINES = 8

/** A line from one point to another. */
type Line = readonly [x0: number, y0: number, x1: number, y1: number]

/**
 * The coverage of an outline, by the exact area of each pixel's part within it. It is made of sums and products alone,
 * so that every machine gives the same.
 */
export function coverageOf(outline: readonly Step[]): Coverage {
  const lines = linesOf(outline)
  const xs = lines.map(([x]) => x)
  const ys = lines.map(([, y]) => y)
  if (lines.length === 0) return { left: 0, top: 0, width: 0, height: 0, shares: new Float64Array(0) }
  const [left, top] = [Math.floor(Math.min(...xs)), Math.floor(Math.min(...ys))]
  // What a line adds to the pixel on its right stands in one more column.
  const width = Math.ceil(Math.max(...xs)) - left + 2
  const height = Math.ceil(Math.max(...ys)) - top + 1
  const shares = new Float64Array(width * height)
  for (const [x0, y0, x1, y1] of lines) addLine(shares, width, [x0 - left, y0 - top, x1 - left, y1 - top])
  for (let row = 0; row < height; row++) {
    let sum = 0
    for (let i = row * width; i < (row + 1) * width; i++) {
      sum += shares[i]
      shares[i] = Math.min(Math.abs(sum), 1)
    }
  }
  return { left, top, width, height, shares }
}

/** An outline as lines; each part of it is closed. */
function linesOf(outline: readonly Step[]): Line[] {
  const lines: Line[] = []
  let [startX, startY, atX, atY] = [0, 0, 0, 0]
  const lineTo = (x: number, y: number) => {
    if (x !== atX || y !== atY) lines.push([atX, atY, x, y])
    ;[atX, atY] = [x, y]
  }
  for (const step of outline) {
    if (step.type === 'Z' || step.type === 'M') lineTo(startX, startY)
    if (step.type === 'M') [startX, startY, atX, atY] = [step.x, step.y, step.x, step.y]
    if (step.type === 'L') lineTo(step.x, step.y)
    if (step.type === 'Q') curve([atX, step.x1, step.x], [atY, step.y1, step.y], lineTo)
    if (step.type === 'C') curve([atX, step.x1, step.x2, step.x], [atY, step.y1, step.y2, step.y], lineTo)
  }
  lineTo(startX, startY)
  return lines
}

function curve(xs: readonly number[], ys: readonly number[], lineTo: (x: number, y: number) => void): void {
  for (let i = 1; i <= LINES; i++) lineTo(bezier(xs, i / LINES), bezier(ys, i / LINES))
}

/** A coordinate of a Bézier curve of 3 or 4 points, by de Casteljau's construction. */
function bezier(points: readonly number[], t: number): number {
  const [a, b, c] = points
  const between = (from: number, to: number) => from + t * (to - from)
  const [ab, bc] = [between(a, b), between(b, c)]
  if (points.length === 3) return between(ab, bc)
  return between(between(ab, bc), between(bc, between(c, points[3])))
}

/**
 * Adds to each pixel by how much the area on the right of a line changes there; the sums along a row are then the
 * areas.
 */
function addLine(shares: Float64Array, width: number, [x0, y0, x1, y1]: Line): void {
  if (y0 === y1) return
  const falls = y0 < y1
  const [topX, topY, endX, endY] = falls ? [x0, y0, x1, y1] : [x1, y1, x0, y0]
  const slope = (endX - topX) / (endY - topY)
  for (let row = Math.floor(topY); row < endY; row++) {
    const [from, to] = [Math.max(row, topY), Math.min(row + 1, endY)]
    const [a, b] = [topX + slope * (from - topY), topX + slope * (to - topY)]
    addWithinRow(shares, row * width, [Math.min(a, b), Math.max(a, b)], falls ? to - from : from - to)
  }
}

/** The part of a line within one row of pixels: from one x to another, over a signed height. */
function addWithinRow(shares: Float64Array, start: number, [from, to]: readonly [number, number], height: number) {
  let before = 0
  const last = Math.ceil(to)
  for (let pixel = Math.floor(from); pixel < last || pixel === Math.floor(from); pixel++) {
    const covered = height * rightOf(from, to, pixel + 1)
    shares[start + pixel] += covered - before
    before = covered
  }
  shares[start + Math.max(last, Math.floor(from) + 1)] += height - before
}

/**
 * How much of a pixel that ends at `end` lies on the right of a line from one x to another, on average over its height.
 */
function rightOf(from: number, to: number, end: number): number {
  const area = (x: number) => (x <= from ? 0 : x >= to ? x - (from + to) / 2 : (x - from) ** 2 / (2 * (to - from)))
  return area(end) - area(end - 1)
}
