import { expect, it } from 'vitest'
import { shapes16 } from '../../src/datasets/shapes16.js'
import { fixture } from '../support/fixture.js'

const { dataset } = fixture<{
  dataset: {
    first_images: number[][]
    count: number
    mean_of_mean: number
    trace_covariance: number
    mean_head: number[]
  }
}>('shapes16-reference.json')

it('shapes16 draws the reference images, whichever it begins with', () => {
  const images = shapes16({ start: 0, count: 4 })
  const expected = dataset.first_images.flat()
  expect(expected.length).toBe(images.length)
  expected.forEach((value, i) => {
    expect(Math.abs(images[i] - value)).toBeLessThan(1e-6)
  })
  expect(shapes16({ start: 2, count: 1 })).toEqual(images.subarray(2 * 768, 3 * 768))
})
