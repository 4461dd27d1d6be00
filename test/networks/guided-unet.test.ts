import { describe, expect, it } from 'vitest'
import { guidedNetwork } from '../../src/networks/guided-family.js'
import { denoisingRecipe, type Network } from '../../src/networks/network.js'
import { hashUniform } from '../../src/random/hash-uniform.js'
import { answerOf, largestDifference, parametersOf, reference } from './reference.js'

const shared = {
  ...{ modelChannels: 32, channelMult: [1, 2], numBlocks: 1, attentionDownsampling: [2] },
  ...{ adaptiveScale: true, resampleInBlocks: true, heads: (channels: number) => channels / 16 }
}
const networks = {
  'guided-diffusion-unet': {
    ...{ architecture: 'GuidedUNet', size: [16, 16], inChannels: 3, labelDim: 10 },
    ...guidedNetwork(
      { ...shared, outChannels: 6, labelDim: 10, attentionOrder: 'head-qkv-channel', attentionKernel: [1] },
      16
    )
  },
  'consistency-unet': {
    ...{ architecture: 'GuidedUNet', size: [16, 16], inChannels: 3, labelDim: 0 },
    ...guidedNetwork(
      { ...shared, outChannels: 3, labelDim: 0, attentionOrder: 'qkv-head-channel', attentionKernel: [1, 1] },
      16
    )
  }
} satisfies Record<string, Network>

describe.each(Object.entries(networks))('%s', (name, network) => {
  const { output, state_dict_shapes: shapes } = reference(name)
  const recipe = denoisingRecipe(network)

  it("answers what its authors' code answers", async () => {
    const x = Float32Array.from(hashUniform('x', 0, 2 * 3 * 16 * 16))
    const labels = new Float32Array(2 * network.labelDim)
    if (network.labelDim > 0) labels[3] = labels[network.labelDim + 9] = 1
    const answer = await answerOf(recipe, [
      { name: 'x', shape: [2, 3, 16, 16], data: x },
      { name: 'noise', shape: [2, 1], data: Float32Array.of(3, 721.25) },
      ...(network.labelDim > 0 ? [{ name: 'labels', shape: [2, network.labelDim], data: labels }] : [])
    ])
    expect(largestDifference(answer, output)).toBeLessThan(2e-4)
  })

  it("has the names and shapes of its authors' weights", () => {
    expect(parametersOf(recipe)).toEqual(shapes)
  })
})
