import { describe, expect, it } from 'vitest'
import { decoderRecipe, LATENTS, type DecoderConfig } from '../../src/networks/autoencoder.js'
import { clipImageRecipe, clipTextRecipe, IMAGE, TEXT_INPUTS } from '../../src/networks/clip.js'
import { denoisingRecipe } from '../../src/networks/network.js'
import { networkOf } from '../../src/networks/registry.js'
import { hashUniform } from '../../src/random/hash-uniform.js'
import { answerOf, largestDifference, parametersOf, reference } from './reference.js'

const BOUND = 2e-4
const uniform = (name: string, count: number) => Float32Array.from(hashUniform(name, 0, count))

describe.each([
  { name: 'ldm-unet', channels: 3 },
  { name: 'sd-unet', channels: 4, context: { tokens: 7, width: 24 } }
])('$name', ({ name, channels, context }) => {
  const { config, output, state_dict_shapes: shapes } = reference(name)
  const kwargs = { ...config, model_type: 'UNetModel', use_scale_shift_norm: false, image_size: 16 }
  const network = networkOf({ ...kwargs, context_tokens: context?.tokens })
  const recipe = denoisingRecipe(network)

  it("answers what its authors' code answers", async () => {
    const answer = await answerOf(recipe, [
      { name: 'x', shape: [2, channels, 16, 16], data: uniform('x', 2 * channels * 256) },
      { name: 'noise', shape: [2, 1], data: Float32Array.of(3, 721.25) },
      ...(context
        ? [{ name: 'context', shape: [2, context.tokens, context.width], data: uniform('context', 2 * 7 * 24) }]
        : [])
    ])
    expect(largestDifference(answer, output)).toBeLessThan(BOUND)
  })

  it("has the names and shapes of its authors' weights", () => {
    expect(parametersOf(recipe)).toEqual(shapes)
  })
})

const decoder = {
  ...{ channels: [32, 64], numBlocks: 1, attention: [false, false], outChannels: 3, groups: 32 },
  size: [8, 8]
} as const
const decoders = {
  'vq-decoder': { config: { ...decoder, latentChannels: 3, zChannels: 3, codes: 64 }, scale: 1 },
  'kl-decoder': { config: { ...decoder, latentChannels: 4, zChannels: 4 }, scale: 0.18215 }
} satisfies Record<string, { config: DecoderConfig; scale: number }>

describe.each(Object.entries(decoders))('%s', (name, { config, scale }) => {
  const { output, state_dict_shapes: shapes } = reference(name)
  const recipe = decoderRecipe(config)

  it("answers what its authors' code answers", async () => {
    const { latentChannels } = config
    const latents = uniform('z', 2 * latentChannels * 64).map(value => value / scale)
    const answer = await answerOf(recipe, [{ name: LATENTS, shape: [2, latentChannels, 8, 8], data: latents }])
    expect(largestDifference(answer, output)).toBeLessThan(BOUND)
  })

  it("has the names and shapes of its authors' weights", () => {
    expect(parametersOf(recipe)).toEqual(shapes)
  })
})

describe('clip-text', () => {
  const { output, inputs, state_dict_shapes: shapes } = reference('clip-text')
  const recipe = clipTextRecipe({
    ...{ width: 48, layers: 3, heads: 4, inner: 192, vocabulary: 100, tokens: 16, activation: 'quick_gelu' }
  })

  it("answers what its authors' code answers", async () => {
    const data = Float32Array.from(inputs.input_ids.flat())
    const answer = await answerOf(recipe, [{ name: TEXT_INPUTS.tokens, shape: [2, 16], data }])
    expect(largestDifference(answer, output)).toBeLessThan(BOUND)
  })

  it("has the names and shapes of its authors' weights", () => {
    expect(parametersOf(recipe)).toEqual(shapes)
  })
})

describe("CLIP's image tower", () => {
  it('answers what PyTorch answers', async () => {
    const { output } = reference('clip-image')
    const recipe = clipImageRecipe(
      { ...{ width: 48, layers: 2, heads: 4, inner: 192, activation: 'quick_gelu' }, side: 16, patch: 4 },
      24
    )
    const answer = await answerOf(recipe, [{ name: IMAGE, shape: [2, 3, 16, 16], data: uniform('x', 2 * 3 * 256) }])
    expect(largestDifference(answer, output)).toBeLessThan(BOUND)
  })
})
