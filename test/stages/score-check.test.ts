import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { safetensors } from '../checkpoints/fixtures.js'
import type { Shape } from '../../src/models/denoiser.js'
import { STAGE_KINDS, type Stage } from '../../src/stages/registry.js'
import type { ScoreStage } from '../../src/stages/score.js'
import { writeStatistics } from '../support/stand-ins.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-check-'))
const weights = join(folder, 'other.safetensors')
writeFileSync(weights, safetensors({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }, Buffer.alloc(4)))
writeStatistics(join(folder, 'pixels.npz'), 768)

async function check(stage: Stage, shape: Shape = [3, 16, 16]): Promise<void> {
  await STAGE_KINDS.of(stage).check?.(stage, {
    model: { shape, labelDim: 0 },
    assetPath: location => join(folder, location),
    cacheDir: folder,
    signal: new AbortController().signal,
    once: (_, work) => work()
  })
}

const score = (rest: Partial<ScoreStage>): ScoreStage => {
  return { kind: 'score', name: 'it', samples: ['a'], groups: 1, metrics: ['fid'], ...rest }
}
const inception = { weights: 'other.safetensors', preparation: 'tensorflow' } as const
const shapes16 = { name: 'shapes16', count: 100 } as const

describe('what is checked before the first stage', () => {
  it.each<[string, Stage, Shape | undefined, RegExp]>([
    ['dimensions', score({ statistics: 'pixels.npz' }), undefined, /pixels\.npz: holds statistics of 768 dimensions/],
    [
      'statistics that are none',
      score({ statistics: 'other.safetensors' }),
      undefined,
      /other\.safetensors: is not a zip archive; expected an \.npz/
    ],
    [
      'weights of another network',
      { kind: 'features', name: 'it', samples: 'a', ...inception },
      undefined,
      /other\.safetensors: holds no Inception-v3/
    ],
    [
      'images of four channels',
      { kind: 'features', name: 'it', samples: 'a', ...inception },
      [4, 8, 8],
      /stage "it": Inception-v3 looks at images of 1 or 3 channels, and this model's have 4/
    ],
    ['a folder without CLIP', score({ metrics: ['clip-score'], clip: 'nothing' }), undefined, /nothing/],
    [
      'another size than the data set has',
      score({ metrics: ['frechet-pixels'], dataset: shapes16 }),
      [3, 32, 32],
      /stage "it": frechet-pixels compares with shapes16, whose images are of 3x16x16, and this model's are of 3x32x32/
    ],
    [
      'more pixels than a covariance can be of',
      score({ metrics: ['frechet-pixels'], reference: 'b' }),
      [3, 256, 256],
      /covariance of all 196,608 values of an image, and 12,288 are the most/
    ]
  ])('%s', async (_, stage, shape, message) => {
    await expect(check(stage, shape)).rejects.toThrow(message)
  })

  it('has nothing against what fits', async () => {
    await check(score({ metrics: ['frechet-pixels'], dataset: shapes16 }))
    await check(score({ metrics: ['frechet-pixels', 'rmse'], reference: 'b' }), [3, 64, 64])
    await check(score({ metrics: ['rmse'], statistics: 'not looked at' }))
  })
})
