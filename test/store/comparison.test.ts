import { describe, expect, it } from 'vitest'
import { compare, type CompareOptions } from '../../src/store/comparison.js'
import type { ResultRow } from '../../src/store/store.js'

const row = (samples: string, metrics: ResultRow['metrics'], more: Partial<ResultRow> = {}): ResultRow => ({
  ...{ experiment: 'a', samples, run: 'a-1', seconds: 1, images: 4, evaluations: 8, schedule: null },
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
    [{ where: ['solver'] }, /expected property=value, found solver/],
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
