import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filled } from '../support/filled.js'
import { openNetwork } from '../../src/engines/open.js'
import { classifierRecipe } from '../../src/networks/guided-classifier.js'
import { hashUniform } from '../../src/random/hash-uniform.js'
import { largestDifference, parametersOf } from './reference.js'

const file = new URL('../fixtures/networks/guided-classifier.json', import.meta.url)
const { labels, logits, gradient, state_dict_shapes } = JSON.parse(readFileSync(file, 'utf8')) as {
  labels: number[]
  logits: number[]
  gradient: number[]
  state_dict_shapes: Record<string, number[]>
}
const recipe = classifierRecipe({
  ...{ resolution: 16, inChannels: 3, classes: 7, modelChannels: 32, channelMult: [1, 2], numBlocks: 1 },
  ...{ attentionDownsampling: [2], heads: channels => channels / 16, attentionOrder: 'head-qkv-channel' },
  ...{ attentionKernel: [1], adaptiveScale: true, resampleInBlocks: true }
})

describe('the classifier of guided-diffusion', () => {
  it.each([{ engine: 'onnx' }, { engine: 'tfjs', provider: 'wasm' }] as const)(
    'answers the logits and the gradient that PyTorch answers, on %j',
    async options => {
      const { session } = await openNetwork({
        ...{ ...options, recipe, content: 'classifier', tensors: () => Promise.resolve(filled(recipe)) },
        cacheDir: mkdtempSync(join(tmpdir(), 'epd-networks-'))
      })
      const running = await session()
      const rows = new Float32Array(14)
      labels.forEach((label, i) => (rows[7 * i + label] = 1))
      const answer = await running.run([
        { name: 'x', shape: [2, 3, 16, 16], data: Float32Array.from(hashUniform('x', 0, 2 * 3 * 16 * 16)) },
        { name: 'noise', shape: [2, 1], data: Float32Array.of(3, 721.25) },
        { name: 'labels', shape: [2, 7], data: rows }
      ])
      await running.close()
      expect(largestDifference(answer[0], gradient)).toBeLessThan(1e-6)
      expect(largestDifference(answer[1], logits)).toBeLessThan(2e-4)
    }
  )

  it("has the names and shapes of its authors' weights", () => {
    expect(parametersOf(recipe)).toEqual(state_dict_shapes)
  })
})
