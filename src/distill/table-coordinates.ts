import type { Free } from '../solvers/bns.js'
import type { Combination, Table, TableRow } from '../solvers/table.js'

/**
 * One direction in which a row of a table is learned.
 *
 * - `told`: the logarithm of the noise level that the model is told.
 * - `noise`: the factor of the latents, in units of that noise level.
 * - `answer`: the factor of an earlier answer.
 * - `weight`: the same, while an image that every answer is stays itself: the factor of the latents gives way.
 * - `place`: the logarithm of the noise level at which the row stands, and is told with it, on the line from what its
 *   answers say to itself.
 */
export interface Coordinate {
  readonly layer: number
  readonly row: number
  readonly moves: 'told' | 'noise' | 'answer' | 'weight' | 'place'
  /** Which answer. */
  readonly answer: number
}

/** What is learned of a row and of the result. */
interface Mask {
  readonly rows: readonly Coordinate['moves'][]
  /** The result's factors: all of them, those that keep an image that every answer is, or none. */
  readonly result: 'all' | 'weights' | 'none'
}

const MASKS: Readonly<Record<Free, Mask>> = {
  all: { rows: ['told', 'noise', 'answer'], result: 'all' },
  weights: { rows: ['weight'], result: 'weights' },
  'weights+told': { rows: ['told', 'weight'], result: 'weights' },
  times: { rows: ['place'], result: 'none' },
  'weights+times': { rows: ['place', 'weight'], result: 'weights' }
}

/** All directions that are learned of the rows of a table with so many rows in each layer, in the order of the rows. */
export function tableCoordinates(layers: readonly number[], free: Free): readonly Coordinate[] {
  const { rows: moved } = MASKS[free]
  let before = 0
  return layers.flatMap((rows, layer) => {
    const answers = before
    before += rows
    return Array.from({ length: rows }, (_, row) => row).flatMap(row =>
      moved.flatMap((moves): Coordinate[] => {
        if (moves === 'told' || moves === 'noise') return [{ layer, row, moves, answer: 0 }]
        if (moves === 'place') return answers > 0 ? [{ layer, row, moves, answer: 0 }] : []
        return Array.from({ length: answers }, (_, answer) => ({ layer, row, moves, answer }))
      })
    )
  })
}

/** The least noise level in units of which the factor of an answer moves. */
const LEAST_UNIT = 0.05

/**
 * A table moved along coordinates, each by a number of the order of 1 at the most: a change in log noise level, or a
 * change of the image in units of the noise level that is told.
 */
export function movedTable(table: Table, coordinates: readonly Coordinate[], by: readonly number[]): Table {
  const moves = new Map<TableRow, (readonly [Coordinate, number])[]>()
  coordinates.forEach((coordinate, i) => {
    if (by[i] === 0) return
    const row = table.layers[coordinate.layer][coordinate.row]
    moves.set(row, [...(moves.get(row) ?? []), [coordinate, by[i]]])
  })
  return {
    ...table,
    layers: table.layers.map(rows => rows.map(row => movedRow(row, moves.get(row) ?? [], table.start)))
  }
}

function movedRow(row: TableRow, moves: readonly (readonly [Coordinate, number])[], start: number): TableRow {
  return moves.reduce((moved, [{ moves: what, answer }, by]) => {
    switch (what) {
      case 'told':
        return { ...moved, sigma: moved.sigma * Math.exp(by) }
      case 'noise':
        return { ...moved, noise: moved.noise + by * row.sigma }
      case 'place':
        return placed(moved, Math.exp(by), start)
      case 'answer':
        return { ...moved, denoised: plus(moved.denoised, answer, by * unitOf(row)) }
      case 'weight': {
        const change = by * unitOf(row)
        return { ...moved, noise: moved.noise - start * change, denoised: plus(moved.denoised, answer, change) }
      }
    }
  }, row)
}

function unitOf({ sigma }: TableRow): number {
  return Math.max(sigma, LEAST_UNIT)
}

function plus(factors: readonly number[], k: number, change: number): readonly number[] {
  return factors.map((factor, i) => (i === k ? factor + change : factor))
}

/**
 * A row at `share` of its noise level, and told so, on the line from what its answers say to itself: the factors of its
 * answers grow so that an image that every answer is stays what it is.
 */
export function placed(row: TableRow, share: number, start: number): TableRow {
  const { sigma, noise, denoised } = row
  const sum = denoised.reduce((total, factor) => total + factor, 0)
  const growth = sum === 0 ? 1 : 1 + (noise * (1 - share)) / start / sum
  return { sigma: sigma * share, noise: noise * share, denoised: denoised.map(factor => factor * growth) }
}

/** What the result is made of: a fixed image, and images of which as much is taken as is best. */
export interface ResultBasis {
  /** The fixed image, as factors of the latents and the answers. */
  readonly fixed: Combination
  /** The images that are free, each as factors of the latents and the answers. */
  readonly free: readonly Combination[]
}

/** What is learned of a table's result. */
export function resultBasis({ start, layers, result }: Table, free: Free): ResultBasis {
  const rows = layers.flat().length
  const unit = (place: number) => Array.from({ length: rows }, (_, k) => (k === place ? 1 : 0))
  const answers = Array.from({ length: rows }, (_, place) => unit(place))
  switch (MASKS[free].result) {
    case 'none':
      return { fixed: result, free: [] }
    case 'all':
      return {
        fixed: { noise: 0, denoised: [] },
        free: [{ noise: 1, denoised: [] }, ...answers.map(denoised => ({ noise: 0, denoised }))]
      }
    case 'weights':
      return { fixed: { noise: start, denoised: [] }, free: answers.map(denoised => ({ noise: -start, denoised })) }
  }
}

/** How much a result has of each image that is free in its basis. */
export function resultShares({ layers, result }: Table, free: Free): readonly number[] {
  const answers = layers.flat().map((_, k) => result.denoised.at(k) ?? 0)
  switch (MASKS[free].result) {
    case 'none':
      return []
    case 'all':
      return [result.noise, ...answers]
    case 'weights':
      return answers
  }
}
