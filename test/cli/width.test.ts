import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutTo, widthOf, wrapped } from '../../src/cli/width.js'

describe('the columns of a text', () => {
  it.each([
    ['abc', 3],
    ['░█✔❯…·', 6],
    ['σ ж é', 5],
    ['e\u0301', 1],
    ['模型', 4],
    ['😀', 2],
    ['', 0]
  ])('of %j are %d', (text, columns) => {
    expect(widthOf(text)).toBe(columns)
  })
})

describe('a text that is cut', () => {
  it.each([
    ['student', 7, 'student'],
    ['student', 6, 'stude…'],
    ['one two', 5, 'one…'],
    ['模型模型', 5, '模型…'],
    ['abc', 0, ''],
    ['abc', 1, '…']
  ])('%j to %d columns is %j', (text, columns, cut) => {
    expect(cutTo(text, columns)).toBe(cut)
  })

  it('never takes more columns than it may', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, columns) => {
        expect(widthOf(cutTo(text, columns))).toBeLessThanOrEqual(columns)
      })
    )
  })
})

describe('words in lines', () => {
  it('break between words, and what follows is indented', () => {
    expect(wrapped('5 NFE cost these evaluations', 12, '  ')).toEqual(['5 NFE cost', '  these', '  evaluatio…'])
  })

  it('stay one line where there is no limit', () => {
    expect(wrapped('5 NFE cost these evaluations', Infinity, '  ')).toEqual(['5 NFE cost these evaluations'])
  })

  it('are never wider than they may be', () => {
    fc.assert(
      fc.property(fc.lorem({ maxCount: 20 }), fc.integer({ min: 4, max: 40 }), (text, columns) => {
        for (const line of wrapped(text, columns, '  ')) expect(widthOf(line)).toBeLessThanOrEqual(columns)
      })
    )
  })
})
