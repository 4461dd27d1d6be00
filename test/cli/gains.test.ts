import { describe, expect, it } from 'vitest'
import { gains } from '../../src/cli/gains.js'
import type { SampleStage } from '../../src/stages/sample.js'
import { Seeds } from '../../src/reading/seeds.js'
import type { ResultRow } from '../../src/store/store.js'

const stage = (name: string, solver: string, nfe: number, from?: string): SampleStage => ({
  ...({ kind: 'sample', name, batch: 64, images: false, generator: 'torch-cpu', seeds: new Seeds([]) } as const),
  solver: { name: solver, nfe, numSteps: nfe + 1, afs: false, schedule: { type: 'time_uniform', rho: 1 } },
  ...(from !== undefined && { from })
})

const row = (samples: string, nfe: number, evaluations: number, rmse?: number, score = 'score'): ResultRow => ({
  ...{ experiment: 'e', samples, key: samples, solver: null, points: null, base: null, afs: null, schedule: null },
  learnedSteps: false,
  ...{ nfe, images: 4, evaluations: 4 * evaluations, score: rmse === undefined ? null : score },
  ...{ metrics: rmse === undefined ? {} : { rmse }, seconds: 1, run: 'r' }
})

const stages = [
  stage('student', 'epd', 5, 'distilled'),
  stage('euler', 'euler', 5),
  stage('dpm2', 'dpm2', 5),
  stage('reference', 'heun', 64)
]

describe('the summary of a run', () => {
  it('says what an NFE cost, and how much better than what the learned sampler is', () => {
    const results = [
      row('student', 5, 8, 0.05),
      row('euler', 5, 5, 0.12),
      row('dpm2', 5, 5, 0.78),
      row('reference', 64, 64)
    ]
    expect(gains(results, stages)).toEqual([
      '5 NFE cost these evaluations an image: 5 with euler, dpm2; 8 with student.',
      'At 5 NFE student has an RMSE of 0.0500, 2.4 times lower than the 0.120 of euler, the best that learns nothing.'
    ])
  })

  it('says where what was learned is worse', () => {
    expect(gains([row('student', 5, 8, 0.3), row('euler', 5, 5, 0.1)], stages)[1]).toBe(
      'At 5 NFE student has an RMSE of 0.300, 3.0 times higher than the 0.100 of euler, the best that learns nothing.'
    )
  })

  it('takes learned time points for what was learned', () => {
    const points = [stage('points', 'euler', 5, 'distilled'), stage('euler', 'euler', 5)]
    expect(gains([row('points', 5, 5, 0.1), row('euler', 5, 5, 0.2)], points)[1]).toContain('At 5 NFE points has')
  })

  it('compares within one score and one NFE alone', () => {
    expect(gains([row('student', 5, 8, 0.1, 'first'), row('euler', 5, 5, 0.2, 'second')], stages)).toEqual([
      '5 NFE cost these evaluations an image: 5 with euler; 8 with student.'
    ])
    const both = ['first', 'second'].flatMap(score => [
      row('student', 5, 8, 0.1, score),
      row('euler', 5, 5, 0.2, score)
    ])
    expect(gains(both, stages).filter(line => line.startsWith('At'))).toEqual([
      expect.stringMatching(/learns nothing, by first\.$/),
      expect.stringMatching(/learns nothing, by second\.$/)
    ])
  })

  it('is silent where nothing is scored', () => {
    expect(gains([row('student', 5, 8), row('euler', 5, 5)], stages)).toEqual([])
  })
})
