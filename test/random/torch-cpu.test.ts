import { describe, expect, it } from 'vitest'
import { latents, latentsAndLabels } from '../../src/random/latents.js'
import { torchCpuGenerator } from '../../src/random/torch-cpu.js'
import type { Shape } from '../../src/models/denoiser.js'
import { fixture } from '../support/fixture.js'

const reference = fixture<{
  randn: { seed: number; numel: number; values: number[] }[]
  randint: { seed: number; high: number; values: number[] }[]
  latents_then_label: {
    seed: number
    shape: Shape
    first: number[]
    last: number[]
    sum: number
    high: number
    label: number
  }[]
}>('torch-cpu-random.json')

describe('torchCpuGenerator', () => {
  it('draws the normal numbers of PyTorch bit for bit, few or many', () => {
    expect(reference.randn.length).toBe(37)
    for (const { seed, numel, values } of reference.randn)
      expect([...torchCpuGenerator(seed).randn(numel)], `seed ${seed}, ${numel} values`).toEqual(
        values.map(Math.fround)
      )
  })

  it('draws the whole numbers of PyTorch', () => {
    for (const { seed, high, values } of reference.randint) {
      const generator = torchCpuGenerator(seed)
      expect(values.map(() => generator.randint(high))).toEqual(values)
    }
  })

  it('keeps the second of two normal numbers for the next call', () => {
    const [whole, parts] = [torchCpuGenerator(3), torchCpuGenerator(3)]
    expect([...parts.randn(1), ...parts.randn(3)]).toEqual([...whole.randn(4)])
  })

  it.each([-1, 0.5, 2 ** 32, NaN])('refuses the seed %s', seed => {
    expect(() => torchCpuGenerator(seed)).toThrow(/from 0 to 4294967295/)
  })
})

describe('latents', () => {
  it('are those of PyTorch, with the class that is drawn next', () => {
    for (const { seed, shape, first, last, sum, high, label } of reference.latents_then_label) {
      const drawn = latentsAndLabels({ seeds: [seed], shape, labelDim: high })
      expect([...drawn.latents.subarray(0, first.length)]).toEqual(first.map(Math.fround))
      expect([...drawn.latents.subarray(-last.length)]).toEqual(last.map(Math.fround))
      expect(drawn.latents.reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 6)
      expect([...drawn.labels]).toEqual([label])
    }
  })

  it("depend on a sample's seed alone", () => {
    const shape: Shape = [3, 4, 5]
    const both = latents({ seeds: [7, 9], shape })
    expect([...both.subarray(60)]).toEqual([...latents({ seeds: [9], shape })])
    expect(latentsAndLabels({ seeds: [7, 9], shape, labelDim: 10 }).latents).toEqual(both)
  })
})
