import { describe, expect, it } from 'vitest'
import { lookThrough } from '../../src/distill/objective.js'
import { lossOfTable } from '../../src/distill/table-fit.js'
import { linearisedCost } from '../../src/distill/table-problem.js'
import { tableTaskOf } from '../../src/distill/table-task.js'
import { moved } from '../../src/distill/table-moves.js'
import { tableRows } from '../../src/solvers/table.js'
import { tableOf } from '../../src/solvers/table-of.js'
import { counting } from '../support/counting.js'
import { mixture } from '../support/mixture.js'
import { sigmas, taught } from './trajectories.js'

const COUNT = 64
const start = tableOf({ name: 'ipndm', maxOrder: 3 }, sigmas)
const training = await taught(1, COUNT)
const last = training.states.length - 1

function taskOf(view?: (x: Float64Array) => Promise<Float64Array>) {
  const model = counting(mixture)
  const student = { name: 'bns', points: 1, firstPoints: 1, start } as const
  const setting = { model, student, sigmas, toZero: false }
  const look = lookThrough(view, last)
  const task = { setting, training, at: [last], look, pixels: view === undefined, learnSigmas: false, seed: 0 }
  return { model, task: tableTaskOf(task) }
}

/** What one linear problem brings, with the number of moves that were tried. */
async function movedFrom(room?: number, view?: (x: Float64Array) => Promise<Float64Array>) {
  const { model, task } = taskOf(view)
  const { loss } = await lossOfTable(task, start, training)
  const before = model.asked()
  const found = await moved(task, { table: start, loss, damping: 1e-2 }, 0.02, room)
  const asked = model.asked() - before
  const counts = start.layers.map(layer => layer.length)
  const tries = (asked / COUNT - linearisedCost(counts, 'all')) / tableRows(start).length
  expect(found.evaluations).toBe(asked)
  expect((await lossOfTable(task, found.table, training)).loss).toBeCloseTo(found.loss, 10)
  return { loss, found, tries }
}

describe('moves of a table by one linear problem', () => {
  it.each([
    ['pixels', undefined],
    ['a view', (x: Float64Array) => Promise.resolve(x.map(value => Math.tanh(2 * value)))]
  ])('go on from where the last one led, through %s', async (_, view) => {
    const { loss, found, tries } = await movedFrom(undefined, view)
    const one = await movedFrom(0, view)
    expect(Number.isInteger(tries)).toBe(true)
    expect(tries).toBeGreaterThan(one.tries)
    expect(one.found.loss).toBeLessThan(loss)
    expect(found.loss).toBeLessThan(one.found.loss)
  })

  it('end with the first that lowers the loss where there is no room for the columns', async () => {
    const { loss, found, tries } = await movedFrom(0)
    expect(found.loss).toBeLessThan(loss)
    expect(tries).toBe(1)
  })
})
