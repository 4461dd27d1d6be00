import type { Graph } from '../../src/engines/recipe.js'
import { describe, expect, it } from 'vitest'
import { resizeBicubic, resizeBilinear, type PixelGrid } from '../../src/networks/resize.js'
import { fixture } from '../support/fixture.js'
import { answerOf, largestDifference } from './reference.js'

/** Pixel (y, x) of an image that is read between its pixels, and as at its edges beyond them. */
function pixel(image: Float32Array, [height, width]: readonly [number, number], y: number, x: number): number {
  const inside = (place: number, length: number) => Math.min(Math.max(place, 0), length - 1)
  const [row, column] = [inside(y, height), inside(x, width)]
  const [top, left] = [Math.floor(row), Math.floor(column)]
  const at = (i: number, j: number) => image[inside(i, height) * width + inside(j, width)]
  const across = (i: number) => at(i, left) * (1 - (column - left)) + at(i, left + 1) * (column - left)
  return across(top) * (1 - (row - top)) + across(top + 1) * (row - top)
}

describe('resizing by bilinear interpolation', () => {
  const cases: [PixelGrid, (i: number, from: number, to: number) => number][] = [
    ['corners', (i, from, to) => (i * from) / to],
    ['centers', (i, from, to) => ((i + 0.5) * from) / to - 0.5]
  ]
  it.each(cases.flatMap(one => [3, 5, 8, 13].map(size => [...one, size] as const)))(
    'with pixels at their %s reads each pixel where it lies, at size %3$i',
    async (grid, place, size) => {
      const from = [5, 8] as const
      const image = Float32Array.from({ length: 40 }, (_, i) => Math.sin(3 * i))
      const recipe = {
        name: 'resize',
        build: <T>(graph: Graph<T>) => [resizeBilinear(graph.ops, graph.input('x', [-1, 1, ...from]), size, grid)]
      }
      const resized = await answerOf(recipe, [{ name: 'x', shape: [1, 1, ...from], data: image.slice() }])
      const expected = Array.from({ length: size * size }, (_, i) => {
        const [y, x] = [Math.floor(i / size), i % size]
        return pixel(image, from, place(y, from[0], size), place(x, from[1], size))
      })
      expect(largestDifference(resized, expected)).toBeLessThan(1e-6)
    }
  )
})

describe('resizing by bicubic interpolation', () => {
  const { height, width, image, resized } = fixture<{
    readonly height: number
    readonly width: number
    readonly image: readonly number[]
    readonly resized: readonly { readonly size: number; readonly data: readonly number[] }[]
  }>('networks/clean-fid-resized.json')

  it.each(resized)(
    "to $size pixels a side gives clean-fid's numbers, once they are clipped",
    async ({ size, data }) => {
      const recipe = {
        name: 'resize',
        build: <T>(graph: Graph<T>) => [resizeBicubic(graph.ops, graph.input('x', [-1, 1, height, width]), size)]
      }
      const found = await answerOf(recipe, [
        { name: 'x', shape: [1, 1, height, width], data: Float32Array.from(image) }
      ])
      const clipped = found.map(value => Math.min(Math.max(value, 0), 255))
      expect(largestDifference(clipped, data)).toBeLessThan(1e-3)
    }
  )
})
