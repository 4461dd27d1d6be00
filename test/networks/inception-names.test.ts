import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Tensor } from '../../src/checkpoints/tensor.js'
import { inceptionRecipe } from '../../src/metrics/inception.js'
import { inceptionTensors } from '../../src/networks/inception-names.js'
import { parametersOf } from './reference.js'

const file = new URL('../fixtures/networks/inception-2015-12-05.json', import.meta.url)
const published = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number[]>
const tensor = (shape: readonly number[], ...values: number[]): Tensor => ({
  ...{ kind: 'tensor', dtype: 'float32', shape, data: new Uint8Array(Float32Array.from(values).buffer) }
})
const named = (shapes: Record<string, readonly number[]>) =>
  new Map(Object.entries(shapes).map(([name, shape]) => [name, tensor(shape)]))

describe("Inception-v3's weights", () => {
  const recipe = inceptionRecipe([299, 299], 'tensorflow')

  it("under TensorFlow's names are those under pytorch-fid's, and nothing is left over", () => {
    const found = inceptionTensors(named(published)) ?? new Map<string, Tensor>()
    const read = [...found].filter(([name]) => !recipe.ignores?.(name))
    expect(Object.fromEntries(read.map(([name, { shape }]) => [name, shape]))).toEqual(parametersOf(recipe))
  })

  it('keep their values; a normalisation without a scale has a scale of 1', () => {
    const given = new Map([
      ['layers.conv.weight', tensor([2, 1, 1, 1], 3, 4)],
      ['layers.mixed_10.tower_1_mixed_conv_1.var', tensor([1], 5)]
    ])
    expect([...(inceptionTensors(given) ?? [])]).toEqual([
      ['Conv2d_1a_3x3.conv.weight', tensor([2, 1, 1, 1], 3, 4)],
      ['Conv2d_1a_3x3.bn.weight', tensor([2], 1, 1)],
      ['Mixed_7c.branch3x3dbl_3b.bn.running_var', tensor([1], 5)]
    ])
  })

  it("under pytorch-fid's names stay as they are, and another network's are not taken", () => {
    const own = named({ 'Conv2d_1a_3x3.conv.weight': [32, 3, 3, 3] })
    expect(inceptionTensors(own)).toBe(own)
    expect(inceptionTensors(named({ 'conv1.weight': [64, 3, 7, 7] }))).toBeUndefined()
  })
})
