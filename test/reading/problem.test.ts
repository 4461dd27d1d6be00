import { describe, expect, it } from 'vitest'
import { nearest, saidPath } from '../../src/reading/problem.js'

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

describe('a path in a message', () => {
  it('has its keys and places', () => {
    expect(saidPath(['stages', 'samples', 'seeds', 2])).toBe('stages.samples.seeds.2')
  })

  it('is short, however long its keys are', () => {
    expect(saidPath(['stages', 'x'.repeat(20_000), 'kind'])).toBe(`stages.${'x'.repeat(57)}....kind`)
  })
})
