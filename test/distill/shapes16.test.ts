import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { distill } from '../../src/distill/distill.js'
import { differenceStep } from '../../src/distill/difference-step.js'
import { teach } from '../../src/distill/teach.js'
import { openModel } from '../../src/models/open.js'
import { solve } from '../../src/solvers/solve.js'
import { mixture } from '../support/mixture.js'
import { grid, sigmas, student, taught } from './trajectories.js'

const model = await openModel({
  checkpoint: fileURLToPath(new URL('../../models/shapes16/shapes16.safetensors', import.meta.url))
})
afterAll(() => model.close())
const { trajectories } = await teach({
  model,
  teacher: { solver: { name: 'heun' }, refine: 3, substeps: 2, grid },
  seeds: [1, 2, 3, 4]
})

describe('a network in single precision', () => {
  it('is differenced over a wider step than an exact model', async () => {
    const { difference } = await differenceStep(model, sigmas, trajectories)
    expect(difference).toBeGreaterThan(1e-4)
    expect(difference).toBeLessThan(1e-2)
    expect((await differenceStep(mixture, sigmas, await taught(1, 4))).difference).toBeLessThan(1e-6)
  })

  it('is distilled to less than half the error of Heun with as many evaluations, to the same bits however batches are split', async () => {
    const options = { model, student: { ...student, points: 1 }, sigmas, teacher: trajectories } as const
    const optimizer = { name: 'levenberg-marquardt', iterations: 2, finalIterations: 0 } as const
    const found = await distill({ ...options, optimizer })
    expect(await distill({ ...options, optimizer, batchSize: 5 })).toEqual(found)
    const { x } = await solve({ model, solver: { name: 'heun', afs: true }, x: trajectories.states[0], sigmas })
    const heun = x.reduce((sum, value, j) => sum + (value - trajectories.states[3][j]) ** 2, 0) / x.length
    expect(found.loss).toBeLessThan(heun / 4)
  })
})
