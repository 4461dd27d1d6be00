import { afterEach, expect, it, vi } from 'vitest'
import { open } from '../../src/cli/display-plain.js'
import { loadExperiment } from '../../src/experiment/load.js'
import type { Execution } from '../../src/pipeline/execute.js'

afterEach(() => vi.restoreAllMocks())

it('tells what happens to each of several stages under its own name', async () => {
  const experiment = loadExperiment({
    file: 'both.yaml',
    text: `name: both
model: { checkpoint: a.pkl }
solver: { name: euler, nfe: 2 }
stages: { a: { kind: sample, seeds: 0-1 }, b: { kind: sample, seeds: 2-3 } }
`
  })
  const lines: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation(text => lines.push(String(text).trimEnd()) > 0)
  const display = open(experiment)
  const both = gate()
  const iterated = (stage: string, iteration: number) => {
    const note = `${iteration} iterations`
    display.show({ type: 'progress', stage, done: iteration, total: iteration, unit: 'iterations', note })
  }
  const execution: Execution = {
    plan: {
      stages: experiment.stages.map(stage => ({ stage, key: stage.name })),
      runId: 'both-1',
      keyOf: name => name,
      imagesKeyOf: name => name
    },
    live: () => ({ stages: 2, done: 0, running: [], recent: [] }),
    async run({ stage: { name } }) {
      if (name === 'a') await both.open
      else {
        iterated('a', 1)
        iterated('b', 5)
        display.show({ type: 'finished', stage: 'a', seconds: 2, evaluations: 4 })
        display.show({ type: 'finished', stage: 'b', seconds: 3, evaluations: 4 })
        both.pass()
      }
    },
    end: () => Promise.resolve()
  }
  await display.stages(execution, async (plan, run) => {
    await Promise.all(plan.stages.map(run))
  })
  expect(lines.slice(0, 2)).toEqual(['› a  1 iterations', '› b  5 iterations'])
  expect(lines.slice(2).sort()).toEqual([
    '✔ a  euler at 2 NFE, seeds 0,1  2.0 s',
    '✔ b  euler at 2 NFE, seeds 2,3  3.0 s'
  ])
})

/** A promise that `pass` resolves. */
function gate() {
  const events = new EventTarget()
  const open = new Promise(resolve => {
    events.addEventListener('pass', resolve)
  })
  return { open, pass: () => events.dispatchEvent(new Event('pass')) }
}
