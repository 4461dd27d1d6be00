import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareImages } from '../../src/pipeline/comparison.js'
import { runExperiment } from '../../src/work/run-experiment.js'
import { openStore, type Store } from '../../src/store/store.js'

const checkpoint = fileURLToPath(new URL('../fixtures/edm/ddpmpp-uncond.pkl', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'epd-comparison-'))
let store: Store

beforeAll(async () => {
  await runExperiment(
    {
      name: 'many',
      model: { checkpoint },
      matrix: { nfe: Array.from({ length: 25 }, (_, i) => i + 2) },
      solver: { name: 'euler', nfe: 'matrix.nfe' },
      stages: {
        samples: { kind: 'sample', seeds: '0-1' },
        other: { kind: 'sample', solver: { name: 'euler', nfe: 2 }, seeds: '1-2' }
      }
    },
    { store: dir }
  )
  store = openStore(dir)
})

afterAll(() => {
  store.close()
})

describe('compareImages', () => {
  it('leaves out what a picture has no room for, and draws what it is told', () => {
    const { stages, leftOut, reference, seeds } = compareImages(store, 'many')
    // No score compares, so that the stage of the most NFE is what others are compared with.
    expect([stages.length, stages[0], reference]).toEqual([24, 'samples@nfe=26', 'samples@nfe=26'])
    expect([...stages, ...leftOut].sort()).toEqual(
      ['other', ...Array.from({ length: 25 }, (_, i) => `samples@nfe=${i + 2}`)].sort()
    )
    expect(seeds).toEqual([1])
    expect(compareImages(store, 'many', { stages: leftOut }).stages).toEqual(['samples@nfe=26', ...leftOut])
  })

  it('leaves the place of a seed empty that one of several stages has not sampled', () => {
    const options = { stages: ['other', 'samples@nfe=2'], seeds: [0, 1, 2], errors: false }
    const { seeds, stages, reference } = compareImages(store, 'many', options)
    expect([seeds, stages, reference]).toEqual([[0, 1, 2], ['other', 'samples@nfe=2'], undefined])
  })

  it('refuses by name what the store does not hold', () => {
    const refused = (options: Parameters<typeof compareImages>[2], message: string) => {
      expect(() => compareImages(store, 'many', options)).toThrow(message)
    }
    refused({ stages: ['othr'] }, 'has no sample stage "othr"; did you mean "other"?')
    refused({ reference: 'teacher' }, 'has no sample stage "teacher"; they are samples@nfe=2, ')
    refused(
      { stages: ['other'], seeds: [9], errors: false },
      'has no image of seed 9 in these stages; they have other 1,2'
    )
    refused({ seeds: [] }, 'expected seeds such as 0-11, found none')
    expect(() => compareImages(store, 'none')).toThrow('no run "none"')
  })
})
