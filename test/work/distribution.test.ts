import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EpdError } from '../../src/errors.js'
import { loadExperiment } from '../../src/experiment/load.js'
import type { RunEvent } from '../../src/pipeline/event.js'
import type { Plan } from '../../src/pipeline/plan.js'
import { distributed } from '../../src/work/distribution.js'

const text = `name: order
model: { checkpoint: a.pkl }
solver: { name: euler, nfe: 2 }
stages: { a: &sample { kind: sample, seeds: 0 }, b: *sample, c: *sample, d: *sample, e: *sample }
`

describe('the stages of a run that go on after a failure', () => {
  it('are told of where they fail too, but not where they were interrupted', async () => {
    const experiment = loadExperiment({ file: resolve('order.yaml'), text })
    const stages = experiment.stages.map(stage => ({ stage, key: stage.name }))
    const plan: Plan = { runId: 'order', stages, keyOf: name => name, imagesKeyOf: name => name }
    const stop = new AbortController()
    const reason = new Error('enough')
    const failures = new Map<string, Error>([
      ['a', new Error('no space')],
      ['b', new Error('no memory')],
      ['c', new EpdError('interrupted', 'interrupted')],
      ['d', new DOMException('The operation was aborted', 'AbortError')],
      ['e', reason]
    ])
    const events: RunEvent[] = []
    const onEvent = (event: RunEvent) => events.push(event)
    const { order } = distributed(undefined, { experiment, root: '.', signal: stop.signal, onEvent, keepGoing: true })
    const run = order(plan, ({ stage: { name } }) => {
      if (name === 'c') stop.abort(reason)
      return Promise.reject(failures.get(name)!)
    })
    await expect(run).rejects.toThrow('no space')
    expect(events).toEqual([{ type: 'warning', message: 'stage "b" failed too: no memory' }])
  })
})
