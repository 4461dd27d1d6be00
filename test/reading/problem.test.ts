import { describe, expect, it } from 'vitest'
import { nearest } from '../../src/reading/problem.js'

const KEYS = ['kind', 'teacher', 'solver', 'learnSigmas', 'validation']

describe('the name that a misspelt one most likely stands for', () => {
  it.each([
    ['techer', 'teacher'],
    ['teahcer', 'teacher'],
    ['TEACHER', 'teacher'],
    ['kidn', 'kind'],
    ['val)dation', 'validation']
  ])('is found for %s', (name, meant) => {
    expect(nearest(name, KEYS)).toBe(meant)
  })

  it.each(['seeds', '', 'solver'.repeat(4)])('is none for %j', name => {
    expect(nearest(name, KEYS)).toBeUndefined()
  })

  it('is looked for in no time, however long a name is', () => {
    const name = '/ch-fid'.repeat(5_000_000)
    expect(nearest(name, [...KEYS, ...Array.from({ length: 1000 }, (_, i) => `key-${i}`)])).toBeUndefined()
  })
})
