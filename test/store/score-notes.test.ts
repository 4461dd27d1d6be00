import { expect, it } from 'vitest'
import type { Metric, RunStage } from '../../src/store/records.js'
import { scoreNotes } from '../../src/store/score-notes.js'

const stages: RunStage[] = ['score', 'samples', 'euler', 'few'].map((name, position) => ({
  ...{ name, position, key: `${name}-key`, stage: null }
}))
const FLOOR = { floor: { value: 0.0064268, of: 'the 10,000 test images' } }

function notesOf(...scores: (readonly [name: string, of: string, count: number, details: unknown])[]): string[] {
  const all = scores.map(([name, of, count, details]): Metric => ({
    ...{ name, samplesKey: `${of}-key`, value: 1, count, details }
  }))
  return scoreNotes({ metrics: key => (key === 'score-key' ? all : []) }, stages)
}

it('says of a score by few images how much too high it is, and of many in one line', () => {
  expect(notesOf(['fid', 'samples', 256, { bias: 0.2174 }], ['rmse', 'samples', 256, {}])).toEqual([
    'fid of samples: about 0.22 too high, from 256 images'
  ])
  expect(
    notesOf(
      ['fid', 'samples', 256, { bias: 0.2174 }],
      ['fid', 'euler', 256, { bias: -0.01 }],
      ['fid', 'few', 64, { bias: 3 }]
    )
  ).toEqual([
    'fid, 2 values: about -0.010 to 0.22 too high, from 256 images each',
    'fid of few: about 3.0 too high, from 64 images'
  ])
})

it('says once what real images come to', () => {
  expect(notesOf(['fid', 'samples', 9, FLOOR], ['fid', 'euler', 9, FLOOR])).toEqual([
    'fid of the 10,000 test images: 0.006427'
  ])
  expect(notesOf(['fid', 'samples', 9, null])).toEqual([])
})
