import { describe, expect, it } from 'vitest'
import { inceptionRecipe } from '../../src/metrics/inception.js'
import { hashUniform } from '../../src/random/hash-uniform.js'
import { answerOf, largestDifference, parametersOf, reference } from './reference.js'

const { output, state_dict_shapes: shapes } = reference('inception-v3-fid')
const images = Float32Array.from(hashUniform('img', 0, 2 * 3 * 32 * 32), value =>
  Math.min(Math.max(Math.floor((value + 1) * 128), 0), 255)
)

describe('Inception-v3', () => {
  const recipe = inceptionRecipe([32, 32], 'pytorch')

  it("answers pytorch-fid's features", async () => {
    const features = await answerOf(recipe, [{ name: 'x', shape: [2, 3, 32, 32], data: images }])
    expect(largestDifference(features, output)).toBeLessThan(1e-3)
  })

  it("has the names and shapes of pytorch-fid's weights", () => {
    const read = Object.entries(shapes).filter(([name]) => !recipe.ignores?.(name))
    expect(parametersOf(recipe)).toEqual(Object.fromEntries(read))
  })
})
