import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonical, canonicalParts } from '../../src/reading/plain.js'
import { formatSeeds, parseSeeds, Seeds, type SeedsText } from '../../src/reading/seeds.js'

describe('parseSeeds', () => {
  it.each<[SeedsText, number[]]>([
    ['0-3', [0, 1, 2, 3]],
    ['1,2,5-7', [1, 2, 5, 6, 7]],
    [' 7 , 1 - 2 ', [7, 1, 2]],
    [5, [5]],
    [
      [3, '5-6'],
      [3, 5, 6]
    ],
    ['4294967295', [2 ** 32 - 1]]
  ])('reads %j', (text, seeds) => {
    expect([...parseSeeds(text)]).toEqual(seeds)
  })

  it.each<[SeedsText, string]>([
    ['', 'expected seeds such as 0-1023 or 1,2,5-10, found ""'],
    ['1..3', 'expected seeds such as 0-1023 or 1,2,5-10, found "1..3"'],
    ['1,,2', 'expected seeds such as 0-1023 or 1,2,5-10, found ""'],
    [-1, 'expected seeds such as 0-1023 or 1,2,5-10, found -1'],
    [1.5, 'expected seeds such as 0-1023 or 1,2,5-10, found 1.5'],
    [[], 'expected seeds such as 0-1023 or 1,2,5-10, found none'],
    ['9-3', 'expected a range that rises, such as 3-9, found 9-3'],
    ['4294967296', 'expected seeds from 0 to 4294967295, found 4294967296'],
    ['0-5,9,3', 'expected each seed once, found 3 twice'],
    ['0-4294967295', 'expected at most 10000000 seeds, found 4294967296']
  ])('refuses %j', (text, message) => {
    expect(() => parseSeeds(text)).toThrow(new RangeError(message))
  })
})

describe('formatSeeds', () => {
  it.each([
    [[0, 1, 2, 3], '0-3'],
    [[1, 2, 5, 6, 7], '1,2,5-7'],
    [[3, 2, 1], '3,2,1'],
    [[9], '9']
  ])('writes %j as %s', (seeds, text) => {
    expect(formatSeeds(seeds)).toBe(text)
  })

  it('is read back as the same seeds in the same order', () => {
    const near = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1 })
    const far = fc.uniqueArray(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 1 })
    fc.assert(
      fc.property(fc.oneof(near, far), seeds => {
        expect([...parseSeeds(formatSeeds(seeds))]).toEqual(seeds)
      })
    )
  })
})

describe('seeds', () => {
  const some = fc.uniqueArray(fc.integer({ min: 0, max: 60 }))

  it('are cut, counted and written as JSON as an array of them is', () => {
    fc.assert(
      fc.property(some, fc.nat(70), fc.nat(70), (seeds, from, to) => {
        const kept = Seeds.of(seeds)
        expect(kept.slice(from, to)).toEqual(seeds.slice(from, to))
        expect(kept.length).toBe(seeds.length)
        expect([...kept.lots(3), ...kept.map(seed => seed).lots(3)].flat()).toEqual([...seeds, ...seeds])
        expect([...canonicalParts({ b: kept, a: [kept.map(String)] })].join('')).toBe(
          canonical({ b: seeds, a: [seeds.map(String)] })
        )
      })
    )
  })

  it('find the first that others have too', () => {
    fc.assert(
      fc.property(some, some, (seeds, others) => {
        expect(Seeds.of(seeds).firstIn(Seeds.of(others))).toBe(seeds.find(seed => others.includes(seed)))
      })
    )
  })

  it('are kept as ranges, and never as a list, whatever their number is', () => {
    const many = parseSeeds('0-9999999')
    expect([many.length, String(many), many.slice(9_999_998, 20_000_000)]).toEqual([
      ...[10_000_000, '0-9999999'],
      [9_999_998, 9_999_999]
    ])
    const parts = [...canonicalParts(many)]
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(40_000)
    expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(78_888_891)
  })
})
