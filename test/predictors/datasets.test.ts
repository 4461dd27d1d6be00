import { describe, expect, it } from 'vitest'
import { rangedModelOf } from '../../src/predictors/datasets.js'
import { publishedPredictors } from '../../src/predictors/published.js'
import type { PredictorRecord } from '../../src/predictors/record.js'
import { tableOfRecord, timePointsOf } from '../../src/predictors/record-table.js'
import { schedule } from '../../src/solvers/schedule.js'
import { relativeError } from '../support/fixture.js'

function published(name: string): PredictorRecord {
  const found = publishedPredictors().get(name)
  if (!found) throw new Error(`there is no ${name}`)
  return found
}

describe('the noise of the models of data sets', () => {
  // get_schedule of DyWeight's code on its CFGPrecond in double precision, with the betas of its configurations.
  it.each([
    [
      'ms_coco',
      5,
      [14.614641229333643, 4.086081856757874, 1.615581506663541, 0.6951507445067262, 0.029167158151720367]
    ],
    [
      'lsun_bedroom_ldm',
      5,
      [83.82249447302871, 10.853888556750917, 2.768905701703297, 0.9822651980457692, 0.03875891355636856]
    ]
  ])("has the time points of DyWeight's code for %s", (dataset, numSteps, expected) => {
    const sigmas = schedule({ type: 'discrete', rho: 1, numSteps, model: rangedModelOf({ dataset }) })
    expect(relativeError([...sigmas], Float64Array.from(expected))).toBeLessThan(1e-11)
  })

  it('makes a table of what its authors have published, as of a file of theirs', () => {
    const record = published('dyweight-ms_coco-nfe8')
    expect(timePointsOf(record)[0]).toBeCloseTo(14.6146, 4)
    expect(tableOfRecord(record).layers).toHaveLength(4)
    for (const each of publishedPredictors().values()) expect(tableOfRecord(each).layers).toHaveLength(each.solver.nfe)
  })

  it('is not that of a model that a predictor was learned for here, nor known of other data sets', () => {
    expect(rangedModelOf({ dataset: 'ms_coco', digest: 'd' })).toBeUndefined()
    for (const dataset of [undefined, 'cifar10', 'constructor']) expect(rangedModelOf({ dataset })).toBeUndefined()
  })
})
