import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RunEvent } from '../../src/pipeline/event.js'
import { runExperiment } from '../../src/work/run-experiment.js'
import { openDatabase } from '../../src/store/sqlite.js'
import { createStore } from '../../src/store/store.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-run-experiment-'))
const store = join(folder, 'store')
const baseDir = resolve('specs')
const spec = {
  name: 'small',
  description: 'Four images',
  model: { checkpoint: '../models/shapes16/shapes16.safetensors', engine: 'onnx', provider: 'cpu' },
  solver: { name: 'euler', nfe: 2 },
  stages: { samples: { kind: 'sample', seeds: '0-3' }, again: { kind: 'sample', seeds: '4-5' } }
}

describe('runExperiment', () => {
  it('runs an object as the file that says the same, and answers with what the store has', async () => {
    const file = join(folder, 'small.yaml')
    const checkpoint = join(baseDir, spec.model.checkpoint)
    writeFileSync(file, JSON.stringify({ ...spec, model: { ...spec.model, checkpoint } }))
    const ofFile = await runExperiment(file, { store })
    const events: RunEvent[] = []
    const open = createStore(store)
    const onEvent = (event: RunEvent) => events.push(event)
    const ofObject = await runExperiment(spec, { store: open, baseDir, onEvent })
    expect(ofObject).toEqual(ofFile)
    expect(events.map(({ type }) => type)).toEqual(['cached', 'cached'])
    expect(ofObject.results.map(({ samples, images }) => [samples, images])).toEqual([
      ['samples', 4],
      ['again', 2]
    ])
    expect(ofObject.stages.map(({ name, stage }) => [name, stage?.status])).toEqual([
      ['samples', 'finished'],
      ['again', 'finished']
    ])
    expect(open.run(ofObject.runId)).toMatchObject({ status: 'finished', file: join(baseDir, '<object>') })
    open.close()
  })

  it('throws what its signal is aborted with, and goes on from there when it is called again', async () => {
    const other = { ...spec, name: 'stopped', solver: { name: 'euler', nfe: 3 } }
    const stop = new AbortController()
    const onEvent = ({ type }: RunEvent) => {
      if (type === 'finished') stop.abort(new Error('enough'))
    }
    await expect(runExperiment(other, { store, baseDir, onEvent, signal: stop.signal })).rejects.toThrow('enough')
    const open = createStore(store)
    expect(open.run('stopped').status).toBe('interrupted')
    open.close()
    const events: RunEvent[] = []
    await runExperiment(other, { store, baseDir, onEvent: event => events.push(event) })
    const seen = events.flatMap(event =>
      'stage' in event && event.type !== 'progress' ? [[event.type, event.stage]] : []
    )
    expect(seen).toEqual([
      ['cached', 'samples'],
      ['started', 'again'],
      ['finished', 'again']
    ])
  })

  it('waits for a process that took its stage over while it slept, and goes on', async () => {
    const other = { ...spec, name: 'slept', solver: { name: 'euler', nfe: 4 }, stages: { a: spec.stages.samples } }
    const events: RunEvent[] = []
    const onEvent = (event: RunEvent) => {
      events.push(event)
      const database = openDatabase(join(store, 'store.sqlite'))
      // The other process is seen alive until this one has waited for it, and is then gone.
      const started = events.filter(({ type }) => type === 'started').length
      if (event.type === 'started' && started === 1)
        database.prepare("UPDATE claims SET holder = 'other', pid = ?, began = ''").run(process.ppid)
      if (event.type === 'waiting') database.exec("UPDATE claims SET began = '1'")
      database.close()
    }
    const { stages } = await runExperiment(other, { store, baseDir, onEvent })
    expect(events.flatMap(({ type }) => (type === 'progress' ? [] : type))).toEqual([
      ...['started', 'waiting', 'started', 'finished']
    ])
    expect(events.find(({ type }) => type === 'waiting')).toMatchObject({ holder: { pid: process.ppid, ahead: 0 } })
    expect(stages[0].stage).toMatchObject({ status: 'finished', evaluations: 16 })
  })

  it('says where in an object something is wrong', async () => {
    const wrong = runExperiment({ ...spec, solver: { name: 'euler', nfe: 'two' } }, { store, baseDir })
    await expect(wrong).rejects.toMatchObject({ code: 'spec-invalid' })
    await expect(wrong).rejects.toThrow(/<object>:11:12: solver.nfe: expected a whole number/)
  })
})
