import { describe, expect, it } from 'vitest'
import { distill, type DistillOptions, type DistillState } from '../../src/distill/distill.js'
import { lookThrough, type View } from '../../src/distill/objective.js'
import type { EpdStudent } from '../../src/solvers/epd.js'
import { walk } from '../../src/distill/student.js'
import { lossOf } from '../../src/distill/task.js'
import type { Predictor } from '../../src/solvers/predictor.js'
import { mixture } from '../support/mixture.js'
import { sigmas, student, taught } from './trajectories.js'

const common = {
  model: mixture,
  student,
  sigmas,
  teacher: await taught(1, 16),
  validation: await taught(100, 16)
} satisfies DistillOptions<EpdStudent>

const optimizers = {
  'levenberg-marquardt': { ...common, optimizer: { name: 'levenberg-marquardt', iterations: 4, finalIterations: 3 } },
  adam: { ...common, optimizer: { name: 'adam', batch: 5, trajectories: 30 } }
} satisfies Record<string, DistillOptions<EpdStudent>>

describe.each(Object.entries(optimizers))('distill by %s', (_, options: DistillOptions<EpdStudent>) => {
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

  it('takes a view that shows all as it is for none', async () => {
    const [plain, viewed] = [await distill(options), await distill({ ...options, view: x => Promise.resolve(x) })]
    expect(viewed).toEqual(plain)
  })

  it('comes nearer to its teacher in what a view shows than a distillation without the view', async () => {
    const half: View = x => Promise.resolve(x.filter((_, i) => i % 2 === 0))
    const objective = { ...options, objective: 'final' as const }
    const [plain, viewed] = [await distill(objective), await distill({ ...objective, view: half })]
    const loss = async ({ learned }: { learned: Predictor }) => {
      const [walked] = await walk({ model: mixture, student, sigmas }, common.validation, [learned], 3)
      return lossOf({ look: lookThrough(half, 3) }, walked, common.validation, [3])
    }
    expect(viewed.validationLoss).toBe(await loss(viewed))
    expect(await loss(viewed)).toBeLessThan(await loss(plain))
  })

  it('gives the same bits however batches are split', async () => {
    const [whole, split] = await Promise.all([distill(options), distill({ ...options, batchSize: 7 })])
    expect(split).toEqual(whole)
  })
})
