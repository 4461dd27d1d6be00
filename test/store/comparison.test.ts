import { describe, expect, it } from 'vitest'
import { compare, type CompareOptions } from '../../src/store/comparison.js'
import type { ResultRow } from '../../src/store/store.js'

const row = (samples: string, metrics: ResultRow['metrics'], more: Partial<ResultRow> = {}): ResultRow => ({
  ...{
    experiment: 'a',
    samples,
    key: samples,
    run: 'a-1',
    seconds: 1,
    images: 4,
    evaluations: 8,
    schedule: null,
    learnedSteps: false
  },
  ...{ solver: 'euler', points: null, base: null, afs: true, nfe: 3, score: 'score', metrics, ...more }
})

const results = [
  row('plain@nfe=3,solver=DDIM', { psnr: 20, rmse: 0.1 }),
  row('plain@nfe=3,solver=EDM', { psnr: 25, rmse: 0.05 }, { solver: 'heun' }),
  row('plain@nfe=11,solver=EDM', { psnr: 31, rmse: 0.02 }, { solver: 'heun', nfe: 11 }),
  row('plain@nfe=11,solver=DDIM', { psnr: 29, rmse: 0.03 }, { nfe: 11 }),
  row('distilled@nfe=3', { psnr: 27, rmse: 0.04 }, { solver: 'epd', points: 2, base: 'ipndm' })
]
const options: CompareOptions = { rows: 'solver', cols: 'nfe', metric: 'psnr' }

const values = (found: ReturnType<typeof compare>) =>
  Object.fromEntries(found.rows.map(({ name, cells }) => [name, cells.map(cell => cell?.value)]))

describe('compare', () => {
  it('has a row for each name of an axis, else for what the solver is, and columns in the order of numbers', () => {
    const found = compare(results, options)
    expect(found.columns).toEqual(['3', '11'])
    expect(values(found)).toEqual({ DDIM: [20, 29], EDM: [25, 31], 'epd K=2 on ipndm': [27, undefined] })
  })

  it.each([
    ['psnr', ['other', 'second', 'best'], ['second', 'best', undefined]],
    ['rmse', ['other', 'second', 'best'], ['second', 'best', undefined]]
  ])('ranks %s in each column, whichever way is better', (metric, ...columns) => {
    const { rows } = compare(results, { ...options, metric })
    columns.forEach((ranks, i) => {
      expect(rows.map(({ cells }) => cells[i]?.rank)).toEqual(ranks)
    })
  })

  it('ranks equal values alike', () => {
    const equal = [row('a@solver=A', { psnr: 9 }), row('a@solver=B', { psnr: 9 }), row('a@solver=C', { psnr: 8 })]
    expect(compare(equal, options).rows.map(({ cells }) => cells[0]?.rank)).toEqual(['best', 'best', 'second'])
  })

  it('chooses samples by their properties', () => {
    expect(values(compare(results, { ...options, where: ['samples=plain', 'nfe=3'] }))).toEqual({
      DDIM: [20],
      EDM: [25]
    })
    expect(values(compare(results, { rows: 'samples', cols: 'nfe', metric: 'psnr', where: ['solver=EDM'] }))).toEqual({
      plain: [25, 31]
    })
  })

  it.each([
    [{ metric: 'speed' }, /expected one of rmse, psnr, .*, found speed/],
    [{ metric: 'fid' }, /no samples of this run have a fid/],
    [{ where: ['solver=UniPC'] }, /no samples of this run with solver=UniPC have a psnr/],
    [{ where: ['solver'] }, /expected conditions such as nfe=5, rmse<0.05 or solver~epd, found "solver"/],
    [{ rows: 'colour' }, /samples have no colour; they have samples, solver, nfe/],
    [{ rows: 'samples' }, /several samples have the same place in this table$/]
  ])('refuses %o', (wrong, message) => {
    expect(() => compare(results, { ...options, ...wrong })).toThrow(message)
  })

  it.each([
    [{ metric: 'speed' }, { code: 'usage', subject: 'metric' }],
    [{ metric: 'fid' }, { code: 'not-found', wayOut: 'show-run' }],
    [{ where: ['solver'] }, { code: 'usage', subject: 'where' }],
    [{ rows: 'samples' }, { code: 'usage', wayOut: 'choose-samples', subject: 'solver=DDIM' }]
  ])('refuses %o with what it is about, and the way out', (wrong, error) => {
    expect(() => compare(results, { ...options, ...wrong })).toThrow(expect.objectContaining(error))
  })
})

describe('compare over a property', () => {
  const trained = (solver: string, seeds: string, rmse: number, more: Partial<ResultRow> = {}) =>
    row(`student@seeds=${seeds},solver=${solver}`, { rmse }, more)
  const students = [
    trained('A', '0-63', 0.03),
    trained('A', '64-127', 0.02),
    trained('A', '128-191', 0.04),
    trained('B', '0-63', 0.01),
    trained('B', '64-127', 0.07),
    row('plain@solver=C', { rmse: 0.035 })
  ]
  const over: CompareOptions = { rows: 'solver', cols: 'nfe', metric: 'rmse', over: 'seeds' }
  const cellsOf = (results: readonly ResultRow[], more: Partial<CompareOptions> = {}) =>
    Object.fromEntries(compare(results, { ...over, ...more }).rows.map(({ name, cells }) => [name, cells[0]]))

  it('has the mean of the values, their standard deviation by n - 1, and how many there are', () => {
    const { A, B } = cellsOf(students)
    expect(A?.value).toBeCloseTo(0.03, 15)
    expect(A?.spread).toBeCloseTo(0.01, 15)
    expect(A?.count).toBe(3)
    expect(B?.spread).toBeCloseTo(0.03 * Math.SQRT2, 15)
    expect(B?.count).toBe(2)
  })

  it('has a single value as it is, without a spread', () => {
    expect(cellsOf(students).C).toMatchObject({ value: 0.035, count: 1, rank: 'second' })
  })

  it('ranks by the mean, not by the best value', () => {
    const { A, B, C } = cellsOf(students)
    expect([A, B, C].map(cell => cell?.rank)).toEqual(['best', 'other', 'second'])
  })

  it('counts the same samples once, though two stages have scored them', () => {
    const again = students.map(one => ({ ...one, score: 'again' }))
    expect(cellsOf([...students, ...again])).toEqual(cellsOf(students))
  })

  it('counts a result once that the property makes no difference to, though it has a name for each value', () => {
    const same = ['0-63', '64-127'].map(seeds => row(`plain@seeds=${seeds},solver=D`, { rmse: 0.1 }, { key: 'one' }))
    expect(cellsOf(same).D).toMatchObject({ value: 0.1, count: 1, rank: 'best' })
  })

  it('keeps equal values of different seeds apart', () => {
    const equal = [trained('A', '0-63', 0.02), trained('A', '64-127', 0.02)]
    expect(cellsOf(equal).A).toMatchObject({ value: 0.02, spread: 0, count: 2, rank: 'best' })
  })

  it.each([
    [
      'differ in another property too',
      [row('s@seeds=0,rho=1', { rmse: 1 }), row('s@seeds=1,rho=7', { rmse: 2 })],
      { code: 'usage', wayOut: 'choose-samples', subject: 'rho=1' }
    ],
    [
      'do not differ in that property',
      [row('s@seeds=0,rho=1', { rmse: 1 }), row('s@seeds=0,rho=7', { rmse: 2 })],
      { code: 'usage', wayOut: 'choose-samples', subject: 'rho=1' }
    ]
  ])('refuses samples of one place that %s', (_, results, error) => {
    expect(() => compare(results, over)).toThrow(expect.objectContaining(error))
  })

  it.each([
    ['nfe', /^over: expected a property that is neither that of rows nor that of columns, found nfe$/],
    ['colour', /samples have no colour/]
  ])('refuses %s', (property, message) => {
    expect(() => compare(students, { ...over, over: property })).toThrow(message)
  })
})

describe('the evaluations of an image', () => {
  it('are a property, each of a parallel NFE counted', () => {
    const found = compare(
      [
        row('samples', { rmse: 0.05 }, { solver: 'epd', points: 2, evaluations: 36 }),
        row('euler', { rmse: 0.1 }, { evaluations: 20 })
      ],
      { rows: 'solver', cols: 'evaluations', metric: 'rmse' }
    )
    expect(found.columns).toEqual(['5', '9'])
    expect(values(found)).toEqual({ 'epd K=2': [undefined, 0.05], euler: [0.1, undefined] })
  })

  it('give way to an axis of their name', () => {
    const axis = [row('euler@evaluations=many', { rmse: 0.1 })]
    expect(compare(axis, { rows: 'solver', cols: 'evaluations', metric: 'rmse' }).columns).toEqual(['many'])
  })
})
