import { describe, expect, it } from 'vitest'
import { amedStart } from '../../src/distill/amed.js'
import {
  AMED_LAYERS,
  addGradient,
  amedForward,
  amedGradient,
  numbersOf,
  withNumbers,
  amedPredictor,
  type AmedPoint,
  type AmedPredictor
} from '../../src/solvers/amed-predictor.js'

const ranges = { scaleDir: 0.1, scaleTime: 0.2 }
const predictor: AmedPredictor = { layers: amedStart(5, 3), ranges }
const features = Float64Array.of(0.3, -1.2, 0.8, 0.1, -0.4)
const [t, next] = [2.5, 0.7]
const weights: AmedPoint = { r: 1.3, scaleDir: -0.7, scaleTime: 0.4 }

/** The gradient in each of a network's numbers, as layers. */
function gradientOf(of: AmedPredictor, by: AmedPoint): AmedPredictor['layers'] {
  const sum = new Float64Array(numbersOf(of.layers).length)
  addGradient(sum, of.layers, amedGradient(of, amedForward(of, features, t, next), by))
  return withNumbers(of.layers, [...sum])
}

/** A number that depends on all three parameters. */
function value(layers: AmedPredictor['layers']): number {
  const { point } = amedForward({ layers, ranges }, features, t, next)
  return weights.r * point.r + weights.scaleDir * point.scaleDir + weights.scaleTime * point.scaleTime
}

describe("amed's predictor", () => {
  it.each(AMED_LAYERS)('has the gradient that differences have, in every number of layer %s', name => {
    const found = gradientOf(predictor, weights)[name]
    const { weight, bias } = predictor.layers[name]
    const step = 1e-6
    const slope = (change: (by: number) => Partial<typeof predictor.layers>) =>
      (value({ ...predictor.layers, ...change(step) }) - value({ ...predictor.layers, ...change(-step) })) / (2 * step)
    weight.forEach((row, i) => {
      row.forEach((_, j) => {
        const moved = (by: number) => ({
          [name]: { bias, weight: weight.map((r, a) => r.map((v, b) => (a === i && b === j ? v + by : v))) }
        })
        expect(Math.abs(found.weight[i][j] - slope(moved))).toBeLessThan(1e-8)
      })
      const moved = (by: number) => ({ [name]: { weight, bias: bias.map((v, a) => (a === i ? v + by : v)) } })
      expect(Math.abs(found.bias[i] - slope(moved))).toBeLessThan(1e-8)
    })
  })

  it('answers a place between the time points and scales within their ranges, whatever it is shown', () => {
    for (const far of [-1e6, 0, 1e6]) {
      const { point } = amedForward(predictor, new Float64Array(5).fill(far), 80, 0.002)
      expect(point.r).toBeGreaterThanOrEqual(0)
      expect(point.r).toBeLessThanOrEqual(1)
      expect(Math.abs(point.scaleDir - 1)).toBeLessThanOrEqual(ranges.scaleDir + 1e-12)
      expect(Math.abs(point.scaleTime - 1)).toBeLessThanOrEqual(ranges.scaleTime + 1e-12)
    }
  })

  it('takes zeros where there are no features', () => {
    const [none, zeros] = [undefined, new Float64Array(5)].map(shown => amedForward(predictor, shown, t, next).point)
    expect(none).toEqual(zeros)
  })

  it('leaves scales without a range at 1, with no gradient', () => {
    const fixed = { layers: predictor.layers, ranges: { scaleDir: 0, scaleTime: 0 } }
    const forward = amedForward(fixed, features, t, next)
    expect(forward.point).toMatchObject({ scaleDir: 1, scaleTime: 1 })
    expect(gradientOf(fixed, weights).scaleDir.bias).toEqual([0])
  })

  it('refuses layers of another size, and numbers that are not finite', () => {
    const { layers } = predictor
    const wrong = (part: Partial<typeof layers>) => () => amedPredictor({ layers: { ...layers, ...part }, ranges })
    expect(wrong({})()).toEqual(predictor)
    expect(wrong({ r: layers.code })).toThrow('layer r must have 1 rows of 20 numbers, and 1 biases')
    expect(wrong({ time: { ...layers.time, bias: [NaN, 0, 0, 0, 0, 0, 0, 0] } })).toThrow(/layer time holds a number/)
  })
})
