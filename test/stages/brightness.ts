import { decodeNpy, encodeNpy } from '../../src/checkpoints/npy.js'
import type { KeySchemas, ValuesOf } from '../../src/reading/keys.js'
import { ofCase, type StageKind } from '../../src/stages/kind.js'
import { convertShards, npyFile, shardsWith } from '../../src/stages/shards.js'
import { reference, STAGE_NAME, type StageSpec } from '../../src/stages/spec.js'

/** A kind of stage that the project does not have: the mean value of each image of a sample stage, times a gain. */
interface BrightnessStage {
  readonly kind: 'brightness'
  readonly name: string
  readonly samples: string
  readonly gain: number
}

const KEYS = {
  samples: { ...STAGE_NAME, description: 'The sample stage whose images are looked at.', needed: true },
  gain: { description: 'What each mean is multiplied by.', type: 'number', exclusiveMinimum: 0, default: 2 }
} as const satisfies KeySchemas

const spec: StageSpec<BrightnessStage, ValuesOf<typeof KEYS>> = {
  description: 'Measures how bright images are.',
  keys: KEYS,
  seeds: [],
  references: written => reference(written, ['samples'], 'sample'),
  resolve: ({ samples, gain }, { name }) => ({ kind: 'brightness', name, samples, gain })
}

export const brightness: StageKind<BrightnessStage> = {
  kind: 'brightness',
  version: 1,
  spec,
  inputs: ({ samples }) => [samples],
  renamed: (stage, rename) => ({ ...stage, name: rename(stage.name), samples: rename(stage.samples) }),
  identity: ({ samples, gain }) => ({ params: { gain }, inputs: [samples], readsImages: true, evaluatesModel: false }),
  cost: () => ({ evaluations: 0, atMost: false }),
  summary: ({ samples, gain }) => `brightness of ${ofCase(samples)} times ${gain}`,
  async run({ samples, gain }, context) {
    const { store, imagesKey } = context
    await convertShards(context, shardsWith(store, imagesKey(samples), 'images'), (artifact, { seeds }, advance) => {
      const { data } = decodeNpy(store.readArtifact(artifact))
      const pixels = Float64Array.from(data)
      const size = pixels.length / seeds.length
      const means = seeds.map((_, i) => {
        return (gain * pixels.subarray(i * size, (i + 1) * size).reduce((sum, value) => sum + value, 0)) / size
      })
      advance(seeds.length)
      const file = encodeNpy({ dtype: 'float64', shape: [seeds.length], data: Float64Array.from(means) })
      return Promise.resolve([npyFile('brightness', file)])
    })
    return { evaluations: 0 }
  }
}
