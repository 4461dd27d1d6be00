import { power } from '../power.js'
import type { BnsStudent } from '../solvers/bns.js'
import type { Table, TableLayer, TableRow } from '../solvers/table.js'
import { placed } from './table-coordinates.js'

/** Where an added row stands in its layer, as a share of the noise level of the row before it. */
const PLACE = 0.5

/**
 * A table with as many rows in each layer as a student has points. Added rows stand on the line of the layer's first
 * row, each at half the noise level of the one before, and nothing uses their answers yet, so that the table does what
 * it did.
 * @throws RangeError where a layer has more rows than that
 */
export function withPoints(
  table: Table,
  { points = 1, firstPoints = 1 }: Pick<BnsStudent, 'points' | 'firstPoints'>
): Table {
  const wanted = table.layers.map((_, i) => (i === 0 ? firstPoints : points))
  const full = table.layers.findIndex((layer, i) => layer.length > wanted[i])
  if (full >= 0)
    throw new RangeError(
      `bns: the start evaluates ${table.layers[full].length} points in layer ${full + 1}; ${full === 0 ? 'firstPoints' : 'points'} must be that or more`
    )
  const places = placesAfter(table, wanted)
  const spread = (denoised: readonly number[], before: number) => {
    const all = Array.from({ length: before }, () => 0)
    denoised.forEach((factor, k) => (all[places[k]] = factor))
    return all
  }
  let before = 0
  const layers = table.layers.map((layer, i): TableLayer => {
    const own = layer.map(row => ({ ...row, denoised: spread(row.denoised, before) }))
    const added = Array.from({ length: wanted[i] - layer.length }, (_, k) =>
      placed(own[0], power(PLACE, k + 1), table.start)
    )
    before += wanted[i]
    return [...own, ...added]
  })
  return { ...table, layers, result: { ...table.result, denoised: spread(table.result.denoised, before) } }
}

/** Where each row's answer stands once layers have so many rows. */
function placesAfter({ layers }: Table, wanted: readonly number[]): readonly number[] {
  let before = 0
  return layers.flatMap((layer, i) => {
    const places = layer.map((_: TableRow, k) => before + k)
    before += wanted[i]
    return places
  })
}
