import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parametrisation } from '../../src/models/parametrisation.js'
import { logInterpolate } from '../../src/solvers/march.js'
import { schedule, type ScheduleOptions } from '../../src/solvers/schedule.js'

/** Every schedule, with the exponents and lengths that experiments use, between the ends of EDM or of a chain. */
const range = { sigmaMin: 0.002, sigmaMax: 80 }
const chain = parametrisation('epsilon', {
  type: 'steps',
  betas: { schedule: 'linear', start: 1e-4, end: 0.02, steps: 1000 }
})
const flow = parametrisation('flow', { type: 'flow', times: 1000, first: 0.001, last: 0.99 })

const families: Readonly<
  Record<string, readonly Omit<Extract<ScheduleOptions, { rho: number }>, 'rho' | 'numSteps'>[]>
> = {
  polynomial: [{ type: 'polynomial', ...range }],
  logsnr: [{ type: 'logsnr', ...range }],
  time_uniform: [{ type: 'time_uniform', ...range }],
  discrete: [
    { type: 'discrete', model: chain },
    { type: 'discrete', model: flow }
  ],
  'polynomial in single precision': [{ type: 'polynomial', ...range, precision: 'float32' }],
  'logsnr in single precision': [{ type: 'logsnr', ...range, precision: 'float32' }],
  'time_uniform in single precision': [{ type: 'time_uniform', ...range, precision: 'float32' }]
}

function digestOf(options: (typeof families)[string]): string {
  const hash = createHash('sha256')
  for (const family of options)
    for (const rho of [1, 2, 2.5, 3, 7])
      for (let numSteps = 2; numSteps <= 40; numSteps++) {
        const sigmas = schedule({ ...family, rho, numSteps })
        hash.update(sigmas)
        for (let i = 1; i < numSteps; i++) hash.update(Float64Array.of(logInterpolate(sigmas[i - 1], sigmas[i], 0.3)))
      }
  return hash.digest('hex').slice(0, 16)
}

describe('time points', () => {
  it('have the same bits on every version of Node', () => {
    const digests = Object.fromEntries(Object.entries(families).map(([name, options]) => [name, digestOf(options)]))
    expect(digests).toEqual({
      polynomial: '42b372a37012a4a2',
      logsnr: '7a69a2a62e3c53ec',
      time_uniform: '65142d33b4673893',
      discrete: 'c0874452f31b35f7',
      'polynomial in single precision': 'f5b57fe2b4eeab12',
      'logsnr in single precision': '64d8fa4761f94ca0',
      'time_uniform in single precision': 'f29b7ff35c87d6b0'
    })
  })
})
