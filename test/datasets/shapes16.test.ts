import { expect, it } from 'vitest'
import { shapes16 } from '../../src/datasets/shapes16.js'
import { accumulator } from '../../src/metrics/statistics.js'
import { fixture } from '../support/fixture.js'

const { dataset } = fixture<{
  dataset: {
    first_images: number[][]
    count: number
    mean_of_mean: number
    trace_covariance: number
    mean_head: number[]
    covariance_head: number[]
    frobenius_covariance: number
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

it('shapes16 has the reference statistics', () => {
  const sums = accumulator(768)
  for (let start = 0; start < dataset.count; start += 1000) sums.add(shapes16({ start, count: 1000 }))
  const { mean, covariance, count } = sums.finish()
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0)
  expect(count).toBe(50_000)
  expect(sum(mean) / 768).toBeCloseTo(dataset.mean_of_mean, 10)
  expect(mean.reduce((total, _, i) => total + covariance[i * 769], 0)).toBeCloseTo(dataset.trace_covariance, 8)
  expect(Math.sqrt(sum(covariance.map(value => value * value)))).toBeCloseTo(dataset.frobenius_covariance, 8)
  dataset.mean_head.forEach((value, i) => {
    expect(mean[i]).toBeCloseTo(value, 10)
  })
  dataset.covariance_head.forEach((value, i) => {
    expect(covariance[i]).toBeCloseTo(value, 10)
  })
})
