import { linkHorizontal } from 'd3-shape'
import { html, type Content, type Html } from '../html/html.js'
import { figure, type TableData } from './figure.js'
import { svg } from './frame.js'

/** A box of a graph. */
export interface GraphNode {
  readonly id: string
  /** The ids of the boxes that lead to it. */
  readonly from: readonly string[]
  readonly name: string
  /** A line below its name. */
  readonly note: string
  /** Whether it is drawn as one that took no work. */
  readonly light?: boolean
}

/** Boxes from left to right in the order in which one needs the other. */
export interface Graph {
  readonly caption: Content
  readonly label: string
  readonly nodes: readonly GraphNode[]
  readonly data: TableData
}

const BOX = { width: 168, height: 42 }
const GAP = { x: 52, y: 10 }

interface Place {
  readonly left: number
  readonly top: number
}

/** A drawing of boxes, each right of all that lead to it, which scrolls where it is wider than its place. */
export function graph({ caption, label, nodes, data }: Graph): Html {
  const columns = inColumns(nodes)
  const places = new Map<string, Place>()
  const tallest = Math.max(...columns.map(({ length }) => length))
  const height = tallest * (BOX.height + GAP.y) + 2
  columns.forEach((column, i) => {
    const free = (tallest - column.length) * (BOX.height + GAP.y)
    column.forEach(({ id }, j) => {
      places.set(id, { left: 1 + i * (BOX.width + GAP.x), top: 1 + free / 2 + j * (BOX.height + GAP.y) })
    })
  })
  const width = columns.length * (BOX.width + GAP.x) - GAP.x + 2
  const content = [
    nodes.flatMap(({ id, from }) => from.flatMap(other => arrow(places.get(other), places.get(id)))),
    nodes.map(node => box(node, places.get(node.id)))
  ]
  const drawing = svg({ width, height }, label, content, true)
  const wide = html`<div class="scroll wide" tabindex="0" role="group" aria-label="${label}">${drawing}</div>`
  return figure({ caption, drawing: wide, data })
}

/** Boxes by how many others lead to them in a row; within a column in the order of what leads to them. */
function inColumns(nodes: readonly GraphNode[]): GraphNode[][] {
  const byId = new Map(nodes.map(node => [node.id, node]))
  const depths = new Map<string, number>()
  const depth = (id: string, within: readonly string[] = []): number => {
    const known = depths.get(id)
    if (known !== undefined || within.includes(id)) return known ?? 0
    const before = (byId.get(id)?.from ?? []).filter(other => byId.has(other))
    const found = before.length === 0 ? 0 : 1 + Math.max(...before.map(other => depth(other, [...within, id])))
    depths.set(id, found)
    return found
  }
  const columns: GraphNode[][] = []
  for (const node of nodes) (columns[depth(node.id)] ??= []).push(node)
  const filled = Object.values(columns)
  const order = new Map<string, number>()
  for (const column of filled) {
    const centre = ({ from }: GraphNode) => {
      const places = from.flatMap(id => order.get(id) ?? [])
      return places.length === 0 ? 0 : places.reduce((sum, place) => sum + place, 0) / places.length
    }
    column.sort((a, b) => centre(a) - centre(b)).forEach(({ id }, i) => order.set(id, i))
  }
  return filled
}

function arrow(from: Place | undefined, to: Place | undefined): Html[] {
  if (!from || !to) return []
  const middle = BOX.height / 2
  const path = linkHorizontal()({
    source: [from.left + BOX.width, from.top + middle],
    target: [to.left, to.top + middle]
  })
  return [html`<path class="arrow" d="${path}" /> `]
}

/** Letters that a box has room for. */
const ROOM = 20

function box({ name, note, light }: GraphNode, place: Place | undefined): Html | undefined {
  if (!place) return undefined
  const { left, top } = place
  const shown = name.length > ROOM ? `${name.slice(0, ROOM - 1)}…` : name
  return html`<g class="${light ? 'box light' : 'box'}"
    ><title>${name}: ${note}</title><rect x="${left}" y="${top}" width="${BOX.width}" height="${BOX.height}" rx="6" />
    <text class="name" x="${left + 9}" y="${top + 18}">${shown}</text
    ><text class="note" x="${left + 9}" y="${top + 34}">${note}</text></g
  > `
}
