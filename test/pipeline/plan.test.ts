import { describe, expect, it } from 'vitest'
import { withDerived } from '../../src/stages/derived.js'
import type { Planned } from '../../src/pipeline/key.js'
import { plan } from '../../src/pipeline/plan.js'
import type { Decoder } from '../../src/models/decoder.js'
import { loadExperiment } from '../../src/experiment/load.js'

const text = `name: a
model: { checkpoint: a }
solver: { name: epd, nfe: 3, points: 2, afs: true }
stages:
  teacher: { kind: teacher, seeds: 0-1 }
  pixels: { kind: distill, teacher: teacher, validation: 2-3 }
  seen: { kind: distill, teacher: teacher, validation: 2-3, features: { weights: inception.pt } }
  samples: { kind: sample, solver: pixels, seeds: 4-5 }
  score: { kind: score, samples: [samples], reference: samples, metrics: [rmse] }
`
const experiment = loadExperiment({ file: '/specs/a.yaml', text })
const assets = new Map([
  ['/specs/inception.pt', { path: '/specs/inception.pt', digest: 'i' }],
  ['/specs/clip', { path: '/specs/clip', digest: 'c' }]
])
const decoderOf = (digest: string): Decoder => ({
  ...{ shape: [3, 8, 8], digest, scale: 1, engine: 'onnx:cpu:float32' },
  decode: () => Promise.reject(new Error('not asked for')),
  close: () => Promise.resolve()
})

/** An experiment whose stages look at images through networks. */
const looking = loadExperiment({
  file: '/specs/a.yaml',
  text: `${text.replace('stages:', 'prompts: [a cat]\nstages:')}
  looked: { kind: score, samples: [samples], reference: samples, features: { weights: inception.pt }, metrics: [fid] }
  said: { kind: score, samples: [samples], clip: ./clip, metrics: [clip-score] }
`
})

/** The keys of all stages, by their names. */
function keys(
  change: Partial<Planned['model']> = {},
  prompts?: readonly string[],
  of = experiment
): Record<string, string> {
  const model = { digest: 'm', engine: 'e', batchInvariant: true, ...change }
  const planned = plan({
    ...{ model, assets, prompts },
    experiment: { ...of, stages: withDerived(of.stages, model) }
  })
  return Object.fromEntries(planned.stages.map(({ stage, key }) => [stage.name, key]))
}

/** The stages whose keys differ. */
function differing(a: Record<string, string>, b: Record<string, string>): string[] {
  return Object.keys(a).filter(name => a[name] !== b[name])
}

describe('plan', () => {
  it('has a stage behind each sample stage of latents, which scores look at', () => {
    const [pixels, latents] = [keys(), keys({ decoder: decoderOf('d') })]
    expect(Object.keys(latents).filter(name => !(name in pixels))).toEqual(['samples.decoded'])
    expect(differing(pixels, latents).sort()).toEqual(['score', 'seen'])
  })

  it('does nothing again for another decoder but what looks at images', () => {
    expect(differing(keys({ decoder: decoderOf('d') }), keys({ decoder: decoderOf('e') })).sort()).toEqual([
      ...['samples.decoded', 'score', 'seen']
    ])
  })

  it('does again for other prompts what their seeds get, and all behind it', () => {
    const first = keys({}, ['a', 'b', 'c', 'd', 'e', 'f'])
    expect(differing(first, keys({}, ['a', 'b', 'c', 'd', 'e', 'f', 'g']))).toEqual([])
    expect(differing(first, keys({}, ['a', 'b', 'c', 'd', 'e', 'x'])).sort()).toEqual(['samples', 'score'])
  })

  it('names where networks look at images in the keys of what they see, unless that is the CPU', () => {
    const on = (provider: string, devices?: readonly number[]) =>
      keys({ runner: { engine: 'onnx', provider, devices } }, undefined, looking)
    expect(differing(keys({}, undefined, looking), on('cpu'))).toEqual([])
    const seen = ['looked', 'looked.samples', 'said', 'seen']
    expect(differing(on('cpu'), on('cuda')).sort()).toEqual(expect.arrayContaining(seen))
    expect(differing(on('cuda'), on('webgpu')).sort()).toEqual(expect.arrayContaining(seen))
    expect(differing(on('cpu'), on('cuda'))).not.toContain('samples')
    expect(differing(on('cuda'), on('cuda', [1]))).toEqual([])
  })
})
