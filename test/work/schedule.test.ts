import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadExperiment } from '../../src/experiment/load.js'
import type { Plan, PlannedStage } from '../../src/pipeline/plan.js'
import { schedule } from '../../src/work/schedule.js'

const text = `name: order
model: { checkpoint: a.pkl }
solver: { name: euler, nfe: 2 }
stages:
  a: { kind: sample, seeds: 0-1 }
  b: { kind: sample, solver: { name: euler, nfe: 3 }, seeds: 0-1 }
  c: { kind: score, samples: [a], reference: b, metrics: [rmse] }
`

/** A plan of two stages that a third one needs, and a fourth of its own, or with the first one's key. */
function planned(key = 'd'): Plan {
  const { stages } = loadExperiment({ file: resolve('order.yaml'), text })
  const [a, b, c] = stages
  const all: PlannedStage[] = [a, b, c, { ...a, name: 'd' }].map(stage => ({
    ...{ stage, key: stage.name === 'd' ? key : stage.name }
  }))
  return { runId: 'order', stages: all, keyOf: name => name, imagesKeyOf: name => name }
}

/** Runs the plan with stages that fail by their names, and notes what begins and ends. */
async function ran(options: { atOnce: number; keepGoing?: boolean; failing?: string[]; key?: string }) {
  const { atOnce, keepGoing = false, failing = [], key } = options
  const events: string[] = []
  const told: string[] = []
  const order = schedule({ atOnce, goesOn: () => keepGoing, onFailed: stage => told.push(stage) })
  const end = await order(planned(key), async ({ stage: { name } }) => {
    events.push(`${name} begins`)
    await new Promise(resolve => setTimeout(resolve, 5))
    if (failing.includes(name)) throw new Error(`${name} failed`)
    events.push(`${name} ends`)
  }).then(
    () => 'finished',
    (error: unknown) => String(error)
  )
  return { events, told, end }
}

describe('stages', () => {
  it('run as soon as what they need has run, side by side', async () => {
    const { events, end } = await ran({ atOnce: 4 })
    expect(end).toBe('finished')
    expect(events.slice(0, 3).sort()).toEqual(['a begins', 'b begins', 'd begins'])
    expect(events.indexOf('c begins')).toBeGreaterThan(Math.max(events.indexOf('a ends'), events.indexOf('b ends')))
  })

  it('run one after the other where one may at a time', async () => {
    const { events } = await ran({ atOnce: 1 })
    expect(events.map(event => event.split(' ')[1])).toEqual([
      'begins',
      'ends',
      'begins',
      'ends',
      'begins',
      'ends',
      'begins',
      'ends'
    ])
  })

  it('that are the same under two names run one after the other', async () => {
    const { events } = await ran({ atOnce: 4, key: 'a' })
    expect(events.indexOf('d begins')).toBeGreaterThan(events.indexOf('a ends'))
  })

  it('do not begin any more once one has failed', async () => {
    const { events, end } = await ran({ atOnce: 1, failing: ['a'] })
    expect(end).toBe('Error: a failed')
    expect(events).toEqual(['a begins'])
  })

  it('go on where a failure does not concern them, and every failure is told of', async () => {
    const { events, end, told } = await ran({ atOnce: 1, keepGoing: true, failing: ['a', 'd'] })
    expect(end).toBe('Error: a failed')
    expect(told).toEqual(['d'])
    expect(events).toEqual(['a begins', 'b begins', 'b ends', 'd begins'])
  })
})
