import { describe, expect, it } from 'vitest'
import { distill, type DistillOptions, type DistillState } from '../../src/distill/distill.js'
import { mixture } from '../solvers/mixture.js'
import { sigmas, student, taught } from './trajectories.js'

const common = {
  model: mixture,
  student,
  sigmas,
  teacher: await taught(1, 16),
  validation: await taught(100, 16)
} satisfies DistillOptions

const optimizers = {
  'levenberg-marquardt': { ...common, optimizer: { name: 'levenberg-marquardt', iterations: 4, finalIterations: 3 } },
  adam: { ...common, optimizer: { name: 'adam', batch: 5, trajectories: 30 } }
} satisfies Record<string, DistillOptions>

describe.each(Object.entries(optimizers))('distill by %s', (_, options: DistillOptions) => {
  it('continues from any iteration to the bits of a run that never stopped', async () => {
    const states: string[] = []
    const whole = await distill({ ...options, onIteration: (_, state) => void states.push(JSON.stringify(state)) })
    expect(states.length).toBeGreaterThan(5)
    for (const [i, text] of states.entries()) {
      const rest = await distill({ ...options, resume: JSON.parse(text) as DistillState })
      expect({ ...rest, history: [] }).toEqual({ ...whole, history: [] })
      expect(rest.history).toEqual(whole.history.slice(i + 1))
    }
  })

  it('gives the same bits however batches are split', async () => {
    const [whole, split] = await Promise.all([distill(options), distill({ ...options, batchSize: 7 })])
    expect(split).toEqual(whole)
  })
})
