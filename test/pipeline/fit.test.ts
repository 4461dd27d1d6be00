import { describe, expect, it } from 'vitest'
import { amedStart } from '../../src/distill/amed.js'
import { checkFit } from '../../src/pipeline/fit.js'
import type { KnownModel } from '../../src/stages/kind.js'
import { publishedPredictors } from '../../src/predictors/published.js'
import type { ModelMark, PredictorRecord } from '../../src/predictors/record.js'
import { loadExperiment } from '../../src/experiment/load.js'
import { featured } from '../support/featured.js'

const features = { ...featured.features!, size: 16 }
const model: KnownModel = {
  shape: [3, 32, 32],
  labelDim: 0,
  features,
  sigmaMin: 0.01,
  sigmaMax: 60,
  digest: 'd'.repeat(64)
}
const published = publishedPredictors().get('00002-cifar10-4-5-epd-uni1.0-afs')!

function experiment(record: PredictorRecord, allowMismatch = false) {
  const text =
    'name: a\nmodel: { checkpoint: a }\nsolver: { from: "predictor:p" }\nstages: { s: { kind: sample, seeds: 0 } }\n'
  return loadExperiment({ file: 'a.yaml', text, predictors: { names: () => ['p'], get: () => record }, allowMismatch })
}
const marked = (mark: ModelMark) => ({ ...published, model: mark })

describe('checkFit', () => {
  it('is content with the model that a predictor was distilled for, as far as it is known', () => {
    expect(checkFit(experiment(published), model)).toEqual([])
    expect(checkFit(experiment(marked({})), model)).toEqual([])
    expect(checkFit(experiment(marked({ digest: model.digest })), model)).toEqual([])
  })

  it.each([
    [{ shape: [3, 64, 64], dataset: 'ffhq' }, "samples of 3x64x64 (ffhq), and this model's are 3x32x32"],
    [{ labelDim: 1000 }, 'a model of 1000 classes, and this one has 0'],
    [{ digest: 'e'.repeat(64) }, 'model eeeeeeeeeeee, and this one is dddddddddddd']
  ] satisfies [ModelMark, string][])('refuses another: %o, and warns where that is allowed', (mark, what) => {
    const message = `stage "s": predictor ${published.name} was distilled for ${what}`
    const refused = expect.objectContaining({
      code: 'predictor-mismatch',
      message,
      wayOut: 'allow-mismatch'
    }) as unknown
    expect(() => checkFit(experiment(marked(mark)), model)).toThrow(refused)
    expect(checkFit(experiment(marked(mark), true), model)).toEqual([message])
  })

  it('refuses time points beyond what a bounded model was trained at, with the right ends', () => {
    const sample = (ends: string) => `name: a
model: { checkpoint: a }
solver: { name: euler, nfe: 3, schedule: { type: time_uniform, ${ends} } }
stages: { s: { kind: sample, seeds: 0 } }
`
    const found = (ends: string, bounded: boolean) =>
      checkFit(loadExperiment({ file: 'a.yaml', text: sample(ends) }), { ...model, bounded })
    expect(found('sigmaMin: 0.01, sigmaMax: 60', true)).toEqual([])
    expect(found('sigmaMin: 0.0099999, sigmaMax: 60.01', true)).toEqual([])
    for (const [ends, range] of [
      ['sigmaMin: 0.002, sigmaMax: 60', '60 to 0.002'],
      ['sigmaMin: 0.01, sigmaMax: 80', '80 to 0.01']
    ]) {
      expect(found(ends, false)).toEqual([])
      expect(() => found(ends, true)).toThrow(
        `stage "s": its time points go from sigma ${range}, and the model was trained from 60 to 0.01; leave the schedule's ends out, or set them within { sigmaMax: 60, sigmaMin: 0.01 }`
      )
    }
  })

  it('refuses amed where the model shows no bottleneck, or another than its network takes', () => {
    const { schedule, numSteps, nfe } = published.solver
    const record: PredictorRecord = {
      name: 'amed',
      solver: { name: 'amed', afs: true, scaleDir: 0.01, scaleTime: 0, maxOrder: 3, schedule, numSteps, nfe },
      learned: { layers: amedStart(16, 0), ranges: { scaleDir: 0.01, scaleTime: 0 } },
      model: {}
    }
    expect(checkFit(experiment(record), model)).toEqual([])
    expect(() => checkFit(experiment(record, true), { ...model, features: undefined })).toThrow(
      /stage "s": amed looks at the bottleneck/
    )
    expect(() => checkFit(experiment(record, true), { ...model, features: { ...features, size: 9 } })).toThrow(
      'predictor amed looks at 16 features, and this model shows 9; distil one for it'
    )
  })
})
