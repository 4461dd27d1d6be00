import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { begin } from '../../src/pipeline/execute.js'
import { preview } from '../../src/pipeline/preview.js'
import { loadExperiment } from '../../src/experiment/load.js'
import { createStore } from '../../src/store/store.js'

const checkpoint = fileURLToPath(new URL('../../models/shapes16/shapes16.safetensors', import.meta.url))
const { signal } = new AbortController()

function experimentOn(location: string) {
  return loadExperiment({
    file: 'preview.yaml',
    text: `name: preview
model: { checkpoint: "${location}" }
solver: { name: epd, nfe: 3, points: 2, afs: true }
stages:
  teacher: { kind: teacher, solver: { name: heun }, refine: 1, seeds: 0-3 }
  student: { kind: distill, teacher: teacher, validation: 4-5, optimizer: { name: adam, batch: 2, trajectories: 4 } }
  samples: { kind: sample, solver: { from: student }, seeds: 0-1, images: false }
`
  })
}

describe('preview', () => {
  const store = createStore(mkdtempSync(join(tmpdir(), 'epd-preview-')))

  it('says what each stage would cost, and what the store has of it', async () => {
    const experiment = experimentOn(checkpoint)
    const options = { experiment, store, signal, onEvent: () => undefined }
    const before = await preview(options)
    expect(before.absent).toEqual([])
    expect(before.stages.map(({ stage, progress }) => [stage.name, progress.state])).toEqual([
      ['teacher', 'absent'],
      ['student.validation', 'absent'],
      ['student', 'absent'],
      ['samples', 'absent']
    ])
    expect(before.stages.map(({ atMost }) => atMost)).toEqual([false, false, false, false])
    expect(store.runs()).toEqual([])

    const execution = await begin(options)
    for (const stage of execution.plan.stages.slice(0, 3)) await execution.run(stage)
    const evaluations = before.stages.slice(0, 3).map(one => one.evaluations)
    expect(execution.plan.stages.slice(0, 3).map(({ key }) => store.stage(key)?.evaluations)).toEqual(evaluations)
    await execution.end(new Error('stopped'))
    const { stages } = await preview(options)
    expect(stages.map(({ progress }) => progress.state)).toEqual(['finished', 'finished', 'finished', 'absent'])
  })

  it('says how far a stage has come that was stopped', async () => {
    const experiment = experimentOn(checkpoint)
    const stop = new AbortController()
    const own = createStore(mkdtempSync(join(tmpdir(), 'epd-preview-')))
    const execution = await begin({
      ...{ experiment, store: own, signal: stop.signal },
      onEvent: event => {
        if (event.type === 'progress' && event.unit === 'iterations') stop.abort(new Error('stopped'))
      }
    })
    const run = async () => {
      for (const stage of execution.plan.stages) await execution.run(stage)
    }
    await expect(run()).rejects.toThrow('stopped')
    await execution.end(new Error('stopped'))
    const { stages } = await preview({ experiment, store: own, signal, onEvent: () => undefined })
    expect(stages[2].progress).toEqual({ state: 'begun', shards: 0, iterations: 1 })
    own.close()
  })

  it('knows no more than the evaluations before the model is there', async () => {
    const experiment = experimentOn('https://127.0.0.1:9/model.pkl')
    const { absent, stages } = await preview({ experiment, store, signal, onEvent: () => undefined, patience: 2000 })
    expect(absent).toMatchObject([{ location: 'https://127.0.0.1:9/model.pkl' }])
    expect(stages.every(({ progress, evaluations }) => progress.state === 'unknown' && evaluations > 0)).toBe(true)
    store.close()
  })
})
