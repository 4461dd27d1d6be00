import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadExperiment } from '../../src/experiment/load.js'
import { STAGE_KINDS } from '../../src/stages/registry.js'
import type { Progress } from '../../src/stages/stage.js'
import { createStore } from '../../src/store/store.js'
import { leftThreads } from '../../src/work/left-threads.js'
import { ledger } from '../../src/work/ledger.js'
import { recordsFolder, writeRecord } from '../../src/work/records.js'

const KEY = 'd'.repeat(64)
const { stages } = loadExperiment({
  file: 'ledger.yaml',
  text: `name: ledger
model: { checkpoint: a.pkl }
solver: { name: epd, nfe: 5, points: 2, afs: true }
stages:
  teacher: { kind: teacher, solver: { name: heun }, seeds: 100-103 }
  student: { kind: distill, teacher: teacher, validation: 200-203 }
`
})
const stage = stages.find(({ kind }) => kind === 'distill')!

it('tells of the iterations and evaluations of a distillation that a worker is at', async () => {
  const store = createStore(mkdtempSync(join(tmpdir(), 'epd-ledger-')))
  const folder = recordsFolder(store.root, KEY)
  const worker = store.claim(KEY)!
  store.beginStage(worker, { kind: 'distill', params: {}, provenance: {} })
  const iterate = async (iteration: number) => {
    const row = { iteration, phase: 'final', loss: 0.0025 / iteration ** 2, evaluations: 100 * iteration } as const
    store.putIteration(worker, { ...row, accepted: true }, {})
    await writeRecord(folder, 'begun', { key: KEY, contents: store.contents(KEY), seconds: 1, host: 'node' })
  }
  const told: Progress[] = []
  const entered = ledger({
    planned: { key: KEY, stage },
    context: { store, claim: worker, signal: new AbortController().signal, onProgress: one => told.push(one) },
    readLeft: leftThreads(),
    iterationWords: row => STAGE_KINDS.of(stage).iterationWords?.(stage, row),
    ...{ folder, count: undefined, cost: { evaluations: 1000, atMost: true } }
  })
  await iterate(1)
  await iterate(2)
  await entered.take()
  await entered.take()
  await iterate(3)
  await iterate(4)
  await entered.take()
  expect(told.filter(({ unit }) => unit === 'evaluations').map(({ done, total }) => [done, total])).toEqual([
    [200, 1000],
    [400, 1000]
  ])
  expect(told.flatMap(({ note }) => note ?? [])).toEqual([
    '  2  all 3 steps  rms loss 0.02500  accepted  200 evaluations',
    '  3  all 3 steps  rms loss 0.01667  accepted  300 evaluations',
    '  4  all 3 steps  rms loss 0.01250  accepted  400 evaluations'
  ])
})
