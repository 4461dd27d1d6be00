import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeNpy } from '../../src/checkpoints/npy.js'
import { resultLines } from '../../src/cli/result-table.js'
import { loadExperiment } from '../../src/experiment/load.js'
import { CLASSIFIER, TESTS, TRAINING } from '../../src/metrics/fashion28.js'
import { openFashionClassifier } from '../../src/metrics/fashion-classifier.js'
import { begin, type Execution } from '../../src/pipeline/execute.js'
import { latentsAndLabels } from '../../src/random/latents.js'
import { createStore, type WritableStore } from '../../src/store/store.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-fashion-scores-'))
const SEEDS = [0, 1, 2, 3, 4, 5, 6, 7]

const TOLD = '  told: { kind: sample, seeds: 0-7, labels: [8, 1, 5] }'

function spec(model: string, metrics = '[frechet-fashion, class-accuracy]', told = TOLD): string {
  return `
name: one
model: { checkpoint: ${model} }
solver: { name: euler, nfe: 3 }
stages:
  drawn: { kind: sample, seeds: 0-7 }
${told}
  score: { kind: score, samples: [${told === '' ? 'drawn' : 'drawn, told'}], features: { network: fashion28 }, metrics: ${metrics} }
`
}

function started(text: string, store: WritableStore): Promise<Execution> {
  const experiment = loadExperiment({ file: 'specs/one.yaml', text })
  return begin({ experiment, store, signal: new AbortController().signal, onEvent: () => undefined })
}

describe('the scores of fashion28', () => {
  let store: WritableStore
  let execution: Execution

  beforeAll(async () => {
    store = createStore(folder)
    execution = await started(spec('../models/fashion28/fashion28.safetensors'), store)
    for (const stage of execution.plan.stages) await execution.run(stage)
    await execution.end()
  })
  afterAll(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })

  const rowsOf = (metric: string) => {
    const { plan } = execution
    return store.metrics(plan.keyOf('score')).filter(({ name }) => name === metric)
  }

  it('count the samples that are of the class that they were asked for, drawn or told', async () => {
    const classifier = await openFashionClassifier({ cacheDir: folder })
    const drawn = latentsAndLabels({ seeds: SEEDS, shape: [1, 28, 28], labelDim: 10 }).labels
    const told = Int32Array.from(SEEDS, seed => [8, 1, 5][seed % 3])
    const expected: number[] = []
    for (const [name, asked] of [['drawn', drawn] as const, ['told', told] as const]) {
      const [artifact] = store.artifacts(execution.plan.keyOf(name), 'images')
      const found = await classifier.classes(Uint8Array.from(decodeNpy(store.readArtifact(artifact)).data), 8)
      expected.push(found.filter((label, i) => label === asked[i]).length / 8)
    }
    await classifier.close()
    const rows = rowsOf('class-accuracy')
    expect(rows.map(({ value }) => value)).toEqual(expected)
    expect(rows[0]).toMatchObject({ count: 8, details: { classifier: { weights: CLASSIFIER.digest } } })
  })

  it('note the training images, the network, and the distance between real images', () => {
    const [first] = rowsOf('frechet-fashion')
    expect(first).toMatchObject({
      count: 8,
      details: {
        network: { name: 'fashion28', weights: CLASSIFIER.digest },
        statistics: { from: TRAINING.of, digest: TRAINING.digest },
        floor: { of: TESTS.of }
      }
    })
    const { floor } = first.details as { floor: { value: number } }
    expect(first.value).toBeGreaterThan(floor.value)
    const lines = resultLines(store, execution.plan.runId)
    expect(lines).toContain(`frechet-fashion of the 10,000 test images: ${floor.value.toPrecision(4)}`)
  })

  it('are refused for a model without classes, and for one of other images, before the first stage', async () => {
    const unconditional = '../test/fixtures/edm/ddpmpp-uncond.pkl'
    await expect(started(spec(unconditional, '[class-accuracy]', ''), store)).rejects.toThrow(
      /class-accuracy looks whether samples are of the class .* this model has no classes; leave it out/
    )
    await expect(started(spec(unconditional, '[frechet-fashion]', ''), store)).rejects.toThrow(
      /the classifier of fashion28 looks at images of 1x28x28, and this model's are of/
    )
  })
})
