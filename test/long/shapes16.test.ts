import { expect, it } from 'vitest'
import { shapes16 } from '../../src/datasets/shapes16.js'
import { accumulator } from '../../src/metrics/statistics.js'
import { fixture } from '../support/fixture.js'

const { dataset } = fixture<{
  dataset: {
    count: number
    mean_of_mean: number
    trace_covariance: number
    mean_head: number[]
    covariance_head: number[]
    frobenius_covariance: number
  }
}>('shapes16-reference.json')

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
