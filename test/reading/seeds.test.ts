import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatSeeds, parseSeeds, type SeedsText } from '../../src/reading/seeds.js'

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
    expect(parseSeeds(text)).toEqual(seeds)
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
        expect(parseSeeds(formatSeeds(seeds))).toEqual(seeds)
      })
    )
  })
})
