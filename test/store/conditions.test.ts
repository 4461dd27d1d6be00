import { describe, expect, it } from 'vitest'
import { conditionsOf, meets, sortedBy, type PropertyValue } from '../../src/store/conditions.js'

const row = new Map<string, PropertyValue>([
  ['nfe', 5],
  ['rmse', 0.05],
  ['solver', 'epd K=2 on ipndm'],
  ['afs', true],
  ['taught', '10-11'],
  ['psnr', null]
])

describe('conditions', () => {
  it.each<[string, boolean]>([
    ['nfe=5', true],
    ['nfe=5.0', true],
    ['nfe = 5', true],
    ['nfe!=5', false],
    ['rmse<0.06', true],
    ['rmse<=0.05', true],
    ['rmse>0.05', false],
    ['rmse>=5e-2', true],
    ['solver~EPD', true],
    ['solver=epd K=2 on ipndm', true],
    ['solver=epd', false],
    ['afs=true', true],
    ['taught=10-11', true],
    ['nfe=5,rmse<0.06', true],
    ['nfe=5 and rmse<0.01', false],
    ['solver~epd and nfe>4, rmse<1', true],
    ['psnr>0', false],
    ['psnr!=3', true],
    ['solver<3', false]
  ])('%s: %s', (text, met) => {
    expect(meets(row, conditionsOf([text]))).toBe(met)
  })

  it('hold what stands between commas where that is no condition', () => {
    expect(conditionsOf(['seeds=1,2,3', 'a=b'])).toEqual([
      { property: 'seeds', operator: '=', wanted: '1,2,3' },
      { property: 'a', operator: '=', wanted: 'b' }
    ])
  })

  it.each([
    ['nfe', /where: expected conditions such as nfe=5, rmse<0\.05 or solver~epd, found "nfe"/],
    ['=5', /expected conditions/],
    ['', /expected conditions/],
    ['nfe<five', /nfe<five: < compares numbers; expected one behind it/]
  ])('are refused: %j', (text, message) => {
    expect(() => conditionsOf([text])).toThrow(message)
  })
})

describe('sorting', () => {
  const rows = [3, null, 11, 2].map(value => new Map<string, PropertyValue>([['nfe', value]]))
  const sorted = (by: string) => sortedBy(rows, by, each => each, 'results').map(each => each.get('nfe'))
  it('has numbers in their order, and what has none last', () => {
    expect(sorted('nfe')).toEqual([2, 3, 11, null])
    expect(sorted('-nfe')).toEqual([11, 3, 2, null])
  })

  it('names what there is where a property is unknown', () => {
    expect(() => sorted('nfee')).toThrow(/results have no nfee; they have nfe; did you mean "nfe"/)
  })
})
