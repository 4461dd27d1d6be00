import { describe, expect, it } from 'vitest'
import { FEATURE_NETWORKS, featureNetwork } from '../../src/metrics/feature-networks.js'
import { CLASSIFIER, TRAINING } from '../../src/metrics/fashion28.js'
import { METRICS } from '../../src/metrics/registry.js'
import { loadExperiment } from '../../src/experiment/load.js'
import { STAGE_KINDS } from '../../src/stages/registry.js'

const names = FEATURE_NETWORKS.map(({ name }) => name)

/** The score stage of a spec, and the stages of features that are made for it. */
function stagesOf(score: string, file = 'specs/one.yaml') {
  const text = `
name: one
model: { checkpoint: ../models/fashion28/fashion28.safetensors }
solver: { name: euler, nfe: 2 }
stages:
  a: { kind: sample, seeds: 0-9 }
  b: { kind: sample, seeds: 0-9, labels: [3, 4] }
  score: { kind: score, samples: [a, b], ${score} }
`
  const { stages } = loadExperiment({ file, text })
  const identityOf = (name: string) => {
    const stage = stages.find(each => each.name === name)
    if (!stage) throw new RangeError(`there is no stage ${name}`)
    return STAGE_KINDS.of(stage).identity(stage, {})
  }
  return { identityOf }
}

describe('the registry of networks of features', () => {
  it('has each name once, and means the first where none is named', () => {
    expect(new Set(names).size).toBe(names.length)
    expect(featureNetwork({}).name).toBe('inception-v3')
    expect(featureNetwork({ network: 'fashion28' }).dimensions).toBe(128)
    expect(() => featureNetwork({ network: 'other' })).toThrow(RangeError)
  })

  it('has every network that a metric needs', () => {
    for (const { needs } of METRICS) if (needs.network !== undefined) expect(names).toContain(needs.network)
  })

  it.each([
    ['inception-v3', [4, 8, 8], "looks at images of 1 or 3 channels, and this model's have 4"],
    ['inception-v3', [1, 8, 8], undefined],
    ['fashion28', [1, 28, 28], undefined],
    ['fashion28', [1, 32, 32], "looks at images of 1x28x28, and this model's are of 1x32x32"]
  ] as const)('says what %s can look at: %s', (network, shape, words) => {
    expect(featureNetwork({ network }).mismatch(shape)).toBe(words)
  })
})

describe('the identity of a stage', () => {
  it("of Inception's features is what it was when there was no other network", () => {
    const { identityOf } = stagesOf('features: { weights: /w.pth }, statistics: /s.npz, metrics: [fid]')
    expect(identityOf('score.a')).toEqual({
      params: { network: 'inception-v3', preparation: 'tensorflow', engine: 'onnx:cpu:float32' },
      inputs: ['a'],
      readsImages: true,
      evaluatesModel: false,
      assets: ['/w.pth']
    })
    const { params, assets } = identityOf('score')
    const known = { samples: 2, reference: false, metrics: ['fid'], groups: 1 }
    expect(JSON.parse(JSON.stringify(params))).toEqual(known)
    expect(assets).toEqual(['/w.pth', '/s.npz'])
    const named = stagesOf('features: { network: inception-v3, weights: /w.pth }, statistics: /s.npz, metrics: [fid]')
    expect(named.identityOf('score.a')).toEqual(identityOf('score.a'))
  })

  it("of fashion28's features names the weights that come with the project, and needs no file", () => {
    const { identityOf } = stagesOf('features: { network: fashion28 }, metrics: [frechet-fashion, class-accuracy]')
    expect(identityOf('score.b')).toMatchObject({
      params: { network: 'fashion28', weights: CLASSIFIER.digest, engine: 'onnx:cpu:float32' },
      assets: []
    })
    expect(identityOf('score')).toMatchObject({
      params: {
        marks: {
          'frechet-fashion': { statistics: TRAINING.digest },
          'class-accuracy': { classifier: CLASSIFIER.digest }
        }
      },
      assets: []
    })
  })

  it('names statistics that a spec gives in place of those that come with the project', () => {
    const { identityOf } = stagesOf(
      'features: { network: fashion28 }, statistics: /s.npz, metrics: [frechet-fashion, kid], reference: a'
    )
    expect(identityOf('score').params.marks).toBeUndefined()
    expect(identityOf('score').assets).toEqual(['/s.npz'])
  })
})
