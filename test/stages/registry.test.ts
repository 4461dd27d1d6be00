import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { decodeNpy } from '../../src/checkpoints/npy.js'
import { loadExperiment } from '../../src/experiment/load.js'
import { begin } from '../../src/pipeline/execute.js'
import type { RunEvent } from '../../src/pipeline/event.js'
import { STAGE_KINDS, stageKinds } from '../../src/stages/registry.js'
import { createStore } from '../../src/store/store.js'
import { brightness } from './brightness.js'

describe('the kinds of stages', () => {
  const { stages } = loadExperiment({ file: 'specs/shapes16-nfe5.yaml' })

  it('are told by their names', () => {
    expect(STAGE_KINDS.all.map(({ kind }) => kind)).toEqual([
      ...['teacher', 'distill', 'sample', 'decode', 'features', 'score']
    ])
    expect(() => STAGE_KINDS.of({ kind: 'guess', name: 'a' })).toThrow('stage "a" is of kind "guess"')
  })

  it.each(stages.map(stage => [stage.name, stage] as const))('rename all that %s reads, and itself', (_, stage) => {
    const kind = STAGE_KINDS.of(stage)
    const renamed = kind.renamed(stage, name => `${name}@nfe=5`)
    expect(renamed.name).toBe(`${stage.name}@nfe=5`)
    expect(kind.inputs(renamed)).toEqual(kind.inputs(stage).map(name => `${name}@nfe=5`))
  })

  it.each(stages.map(stage => [stage.name, stage] as const))(
    'read nothing for %s that they do not need',
    (_, stage) => {
      const kind = STAGE_KINDS.of(stage)
      expect([...new Set(kind.identity(stage, {}).inputs)]).toEqual([...kind.inputs(stage)])
    }
  )
})

describe('a kind of stage that is one file', () => {
  const kinds = stageKinds([...STAGE_KINDS.all, brightness])
  const folder = mkdtempSync(join(tmpdir(), 'epd-kind-'))
  const store = createStore(folder)
  afterAll(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })
  const load = (measured: string) =>
    loadExperiment(
      {
        file: 'test/fixtures/edm/kind.yaml',
        text: `name: kind
model: { checkpoint: ddpmpp-uncond.pkl }
solver: { name: euler, nfe: 2 }
stages:
  bright: ${measured}
  samples: { kind: sample, seeds: 0-3 }
`
      },
      kinds
    )
  const run = async (measured: string) => {
    const events: RunEvent[] = []
    const execution = await begin({
      ...{ experiment: load(measured), store, kinds, signal: new AbortController().signal },
      onEvent: event => events.push(event)
    })
    for (const stage of execution.plan.stages) await execution.run(stage)
    await execution.end()
    const types = events.filter(event => 'stage' in event && event.stage === 'bright').map(({ type }) => type)
    return { types, key: execution.plan.keyOf('bright') }
  }

  it('is validated, and stands after what it names', () => {
    const { stages } = load('{ kind: brightness, samples: samples }')
    expect(stages.map(({ name }) => name)).toEqual(['samples', 'bright'])
    expect(stages[1]).toEqual({ kind: 'brightness', name: 'bright', samples: 'samples', gain: 2 })
    const refused = (measured: string) => expect(() => load(measured))
    refused('{ kind: brightnes, samples: samples }').toThrow(
      /5:19: stages\.bright\.kind: expected .* or "brightness", found "brightnes"; did you mean "brightness"\?/
    )
    refused('{ kind: brightness, samples: samples, gain: 0 }').toThrow(
      '5:55: stages.bright.gain: expected a number above 0, found 0'
    )
    refused('{ kind: brightness, samples: sample, gian: 1 }').toThrow(
      /5:40: stages\.bright\.samples: expected the name of a sample stage \(samples\), found "sample"; did you mean "samples"\?\n.*found "gian"; did you mean "gain"\?/
    )
  })

  it('is run once, and its result is named by what it depends on', async () => {
    const first = await run('{ kind: brightness, samples: samples }')
    expect(first.types).toEqual(expect.arrayContaining(['started', 'progress', 'finished']))
    const again = await run('{ kind: brightness, samples: samples, gain: 2 }')
    expect(again).toEqual({ types: ['cached'], key: first.key })
    const other = await run('{ kind: brightness, samples: samples, gain: 1 }')
    expect(other.key).not.toBe(first.key)
    const means = (key: string) => [...decodeNpy(store.readArtifact(store.artifacts(key, 'brightness')[0])).data]
    expect(means(first.key)).toEqual(means(other.key).map(mean => 2 * mean))
  })

  it('is shown in words, and costs nothing', () => {
    const { stages } = load('{ kind: brightness, samples: samples }')
    const kind = kinds.of(stages[1])
    expect(kind.summary(stages[1])).toBe('brightness of samples times 2')
    expect(kind.cost(stages[1], { find: () => undefined, solvers: [] })).toEqual({ evaluations: 0, atMost: false })
  })
})
