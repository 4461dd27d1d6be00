import { describe, expect, it } from 'vitest'
import { loadExperiment } from '../../src/experiment/load.js'
import { METRICS } from '../../src/metrics/registry.js'
import { shellWord } from '../../src/report/commands.js'
import type { ReportData, ReportRun } from '../../src/report/data.js'
import { principalPlane } from '../../src/report/principal.js'
import { publishedPoints } from '../../src/report/published.js'
import { mainStandings, ranking, withSpread } from '../../src/report/standings.js'
import type { ResultRow, Store } from '../../src/store/store.js'

const SPEC = `name: spread
model: { checkpoint: model.pkl }
solver: { name: epd, nfe: 3, points: 2, afs: true, scaleDir: 0.05, scaleTime: 0.05 }
matrix:
  taught: ['0-3', '4-7', '8-11']
stages:
  teacher: { kind: teacher, seeds: matrix.taught }
  student: { kind: distill, teacher: teacher, validation: 100-101 }
  samples: { kind: sample, solver: student, seeds: 200-203 }
  euler: { kind: sample, solver: { name: euler, nfe: 3 }, seeds: 200-203 }
  other: { kind: sample, solver: { name: euler, nfe: 3, schedule: { type: logsnr } }, seeds: 200-203 }
  reference: { kind: sample, solver: { name: heun, numSteps: 4 }, seeds: 200-203 }
  score: { kind: score, samples: [samples, euler, other], reference: reference, metrics: [rmse] }
`

const resolved = new Map(loadExperiment({ file: 'spread.yaml', text: SPEC }).stages.map(stage => [stage.name, stage]))

function result(samples: string, rmse: number, solver: string, points: number | null = null): ResultRow {
  return {
    ...{ experiment: 'spread', samples, key: `key of ${samples}`, solver, points, base: null, afs: null },
    ...{
      schedule: null,
      learnedSteps: false,
      nfe: 3,
      images: 4,
      evaluations: 12,
      score: 'score',
      metrics: { rmse },
      seconds: 1,
      run: 'spread-1'
    }
  }
}

function dataOf(...runs: Partial<ReportRun>[]): ReportData {
  const row = { id: 'spread-1', name: 'spread', description: '', file: 'spread.yaml', spec: SPEC, overrides: [] }
  const ended = {
    status: 'finished',
    error: null,
    created: '',
    updated: '',
    finished: '',
    allowMismatch: false,
    tags: [],
    note: ''
  } as const
  const whole = runs.map((run, i) => ({
    ...{ run: { ...row, ...ended, id: `spread-${i + 1}` }, stages: [], results: [], resolved },
    ...run
  }))
  return { store: {} as Store, storeName: 'runs', runs: whole }
}

const students = [...resolved.keys()].filter(name => name.startsWith('samples'))

describe('standings', () => {
  const results = [
    ...students.map((name, i) => result(name, 0.1 + i / 100, 'epd', 2)),
    result('euler', 0.2, 'euler'),
    result('other', 0.3, 'euler')
  ]
  const standings = mainStandings(dataOf({ results }))

  it('take results that differ in their seeds alone as repetitions of one, with their mean and spread', () => {
    expect(students).toHaveLength(3)
    const [best] = standings ? ranking(standings, 3) : []
    expect(best).toMatchObject({ name: 'epd K=2', learned: true })
    expect([best.value, best.spread]).toEqual([expect.closeTo(0.11, 12), expect.closeTo(0.01, 12)])
    expect(withSpread(best, METRICS[0])).toBe('0.1100 ± 0.0100')
  })

  it('tell apart what differs in more, by the names of stages', () => {
    const [, ...plain] = standings ? ranking(standings, 3) : []
    expect(plain.map(({ name, learned, spread }) => [name, learned, spread])).toEqual([
      ['euler (euler)', false, undefined],
      ['euler (other)', false, undefined]
    ])
  })

  it('count a result that several runs share once, and name the run of those that they do not', () => {
    const [shared, own, other] = [
      result('euler', 0.2, 'euler'),
      result(students[0], 0.1, 'epd'),
      result(students[0], 0.3, 'epd')
    ]
    const found = mainStandings(dataOf({ results: [shared, own] }, { results: [shared, { ...other, key: 'another' }] }))
    expect(found?.contestants.map(({ name }) => name)).toEqual(['euler', 'epd (1)', 'epd (2)'])
  })
})

describe('what the paper states', () => {
  const run = (checkpoint: string, shape: number[], labelDim = 0) => {
    const stage = { provenance: { model: { checkpoint, shape, labelDim } } }
    return { stages: [{ name: 'samples', position: 0, key: 'k', stage }] } as unknown as Partial<ReportRun>
  }
  const fid = METRICS.find(({ name }) => name === 'fid')!
  const at5 = (one: Partial<ReportRun>) =>
    publishedPoints(dataOf(one), fid).map(({ name, points }) => [name, points.find(({ x }) => x === 5)?.y])

  it.each([
    ['edm/edm-cifar10-32x32-uncond-vp.pkl', [3, 32, 32], 0, 4.33, 4.47],
    ['edm/edm-ffhq-64x64-uncond-vp.pkl', [3, 64, 64], 0, 7.84, 7.97],
    ['edm/edm-imagenet-64x64-cond-adm.pkl', [3, 64, 64], 1000, 6.35, 8.17],
    ['latent-diffusion/lsun_bedrooms.zip', [3, 64, 64], 0, 7.52, 8.26]
  ])('is found for %s', (checkpoint, shape, labelDim, solver, plugin) => {
    expect(at5(run(checkpoint, shape, labelDim))).toEqual([
      ['EPD-Solver in the paper', solver],
      ['EPD-Plugin in the paper', plugin]
    ])
  })

  it('is not said of another model, of images of another size, or of another metric', () => {
    expect(at5(run('models/shapes16.safetensors', [3, 16, 16]))).toEqual([])
    expect(at5(run('lsun_bedroom.pt', [3, 256, 256]))).toEqual([])
    expect(publishedPoints(dataOf(run('edm-cifar10-32x32-uncond-vp.pkl', [3, 32, 32])), METRICS[0])).toEqual([])
  })
})

it('principal components hold the distances of vectors that lie in a plane', () => {
  const corners = [
    [0, 0],
    [3, 0],
    [3, 1],
    [0, 1]
  ]
  const { at, shares } = principalPlane(corners.map(([a, b]) => Float64Array.of(a + b, a - b, 2 * a, 7)))
  const lengths = (i: number, j: number) => (at[i][0] - at[j][0]) ** 2 + (at[i][1] - at[j][1]) ** 2
  expect(lengths(0, 1)).toBeCloseTo(9 * 6, 6)
  expect(lengths(1, 2)).toBeCloseTo(2, 6)
  expect(shares[0] + shares[1]).toBeCloseTo(1, 8)
})

it('words of commands are quoted wherever a shell would take them for more', () => {
  expect(['runs/a-1@nfe=3', "it's", '$(x)', '', '-o'].map(shellWord)).toEqual([
    'runs/a-1@nfe=3',
    `'it'\\''s'`,
    "'$(x)'",
    "''",
    '-o'
  ])
})
