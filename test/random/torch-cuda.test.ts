import { describe, expect, it } from 'vitest'
import { latents, latentsAndLabels } from '../../src/random/latents.js'
import { philox, torchCudaGenerator } from '../../src/random/torch-cuda.js'

type Words = [number, number, number, number]

describe('philox', () => {
  // The known answers that its authors publish with Random123.
  it.each<[Words, [number, number], Words]>([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]
    ]
  ])('turns counter %j with key %j into its known answer', (counter, key, answer) => {
    expect(philox(counter, key)).toEqual(answer)
  })
})

describe('torchCudaGenerator', () => {
  // What PyTorch prints of torch.randn on a GPU after torch.manual_seed, to four digits.
  it.each([
    [0, [-0.9247, -0.4253, -2.6438, 0.1452, -0.1209, -0.5797, -0.6229, -0.3284]],
    [42, [0.194, 2.1614, -0.1721, 0.8491]]
  ])('draws the normal numbers of PyTorch on a GPU from seed %i', (seed, values) => {
    torchCudaGenerator(seed)
      .randn(values.length)
      .forEach((value, i) => {
        expect(value).toBeCloseTo(values[i], 4)
      })
  })

  it('draws an element that does not depend on how many are drawn', () => {
    expect([...torchCudaGenerator(5).randn(3)]).toEqual([...torchCudaGenerator(5).randn(3072)].slice(0, 3))
  })

  it('draws normal numbers: mean 0, variance 1, a tail as heavy as it should be', () => {
    const values = torchCudaGenerator(1).randn(40_000)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length
    const beyond = values.filter(value => Math.abs(value) > 2).length / values.length
    expect(Math.abs(mean)).toBeLessThan(0.02)
    expect(Math.abs(variance - 1)).toBeLessThan(0.03)
    expect(Math.abs(beyond - 0.0455)).toBeLessThan(0.004)
  })

  it('goes on with other numbers at the next call, whole ones by the first word of the next counter', () => {
    const generator = torchCudaGenerator(7)
    const [first] = generator.randn(1)
    expect(generator.randint(1000)).toBe(philox([1, 0, 0, 0], [7, 0])[0] % 1000)
    expect(generator.randn(1)[0]).not.toBe(first)
  })

  it.each([-1, 0.5, 2 ** 32])('refuses the seed %s', seed => {
    expect(() => torchCudaGenerator(seed)).toThrow(/from 0 to 4294967295/)
  })
})

describe('latents', () => {
  it('are drawn by the generator that is named', () => {
    const options = { seeds: [3, 4], shape: [1, 2, 2] } as const
    expect(latents(options)).toEqual(latents({ ...options, generator: 'torch-cpu' }))
    const drawn = latentsAndLabels({ ...options, generator: 'torch-cuda', labelDim: 10 })
    expect([...drawn.latents.subarray(4)]).toEqual([...torchCudaGenerator(4).randn(4)])
    expect([...drawn.labels]).toEqual([3, 4].map(seed => philox([1, 0, 0, 0], [seed, 0])[0] % 10))
  })
})
