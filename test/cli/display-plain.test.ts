import { afterEach, expect, it, vi } from 'vitest'
import { open } from '../../src/cli/display-plain.js'
import { loadExperiment } from '../../src/experiment/load.js'
import type { Execution } from '../../src/pipeline/execute.js'

const experiment = loadExperiment({
  file: 'both.yaml',
  text: `name: both
model: { checkpoint: a.pkl }
solver: { name: euler, nfe: 2 }
stages: { a: { kind: sample, seeds: 0-1 }, b: { kind: sample, seeds: 2-3 } }
`
})
const plan = {
  stages: experiment.stages.map(stage => ({ stage, key: stage.name })),
  runId: 'both-1',
  keyOf: (name: string) => name,
  imagesKeyOf: (name: string) => name
}

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** The lines that are written from now on. */
function written(): string[] {
  const lines: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation(text => lines.push(String(text).trimEnd()) > 0)
  return lines
}

it('tells what happens to each of several stages under its own name', async () => {
  const lines = written()
  const display = open(experiment)
  const both = gate()
  const iterated = (stage: string, iteration: number) => {
    const note = `${iteration} iterations`
    display.show({ type: 'progress', stage, done: iteration, total: iteration, unit: 'iterations', note })
  }
  const execution: Execution = {
    plan,
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

it('gives signs of life less and less often while nothing more is done', async () => {
  vi.useFakeTimers()
  const lines = written()
  const display = open(experiment)
  const running = { name: 'a', kind: 'sample', what: '', notes: [], total: 4, unit: 'evaluations' } as const
  let done = 0
  const execution: Execution = {
    plan: { ...plan, stages: plan.stages.slice(0, 1) },
    live: () => ({ stages: 2, done: 0, running: [{ ...running, done }], recent: [] }),
    run() {
      for (let second = 1; second <= 200; second++) {
        vi.advanceTimersByTime(1000)
        if (second === 100) done = 3
        display.show({ type: 'progress', stage: 'a', done, total: 4, unit: 'evaluations' })
        lines.push(`${second}`)
      }
      return Promise.resolve()
    },
    end: () => Promise.resolve()
  }
  await display.stages(execution, async ({ stages }, run) => {
    await Promise.all(stages.map(run))
  })
  const told = (line: string) => lines.flatMap((one, i) => (one === line ? Number(lines[i + 1]) : []))
  expect(told('› a  0 of 4 evaluations  0 of 2 stages')).toEqual([10, 20, 40, 80])
  expect(told('› a  3 of 4 evaluations  0 of 2 stages')).toEqual([100, 110, 130, 170])
})

/** A promise that `pass` resolves. */
function gate() {
  const events = new EventTarget()
  const open = new Promise(resolve => {
    events.addEventListener('pass', resolve)
  })
  return { open, pass: () => events.dispatchEvent(new Event('pass')) }
}
