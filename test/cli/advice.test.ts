import { describe, expect, it } from 'vitest'
import { inTerms } from '../../src/cli/advice.js'
import { EpdError } from '../../src/errors.js'

describe('an error in the terms of the command line', () => {
  it('is its message where there is no other way out', () => {
    expect(inTerms(new EpdError('download-failed', 'a: is gone'))).toBe('a: is gone')
  })

  it.each([
    [
      new EpdError('not-found', 'a: no store there', { wayOut: 'make-store' }),
      /; .* name another folder with --store$/
    ],
    [new EpdError('predictor-mismatch', 'p was for q', { wayOut: 'allow-mismatch' }), /; --allow-mismatch uses it/],
    [
      new EpdError('usage', 'several', { wayOut: 'choose-samples', subject: 'solver=epd' }),
      /^several; choose with --where solver=epd$/
    ],
    [
      new EpdError('store-corrupt', 'p is damaged', { wayOut: 'import-again', subject: 'p.json' }),
      /; import it again: epd-run import p.json$/
    ]
  ])('says which option or command is the way out: %s', (error, text) => {
    expect(inTerms(error)).toMatch(text)
  })

  it('names an option as it is given', () => {
    const error = new EpdError('usage', 'metric: expected one of fid, found fidd', { subject: 'metric' })
    expect(inTerms(error)).toBe('--metric: expected one of fid, found fidd')
  })

  it('says every fault in a line of its own, each with its way out', () => {
    const faults = [
      { message: 'a.yaml:1:1: name: expected a string, found 1' },
      { message: 'set solver.nfe=x: solver.nfe: expected an integer, found "x"', subject: 'set' },
      { message: 'a.yaml:2:1: from: found "x"; did you mean "y"?', wayOut: 'list-predictors' }
    ] as const
    const error = new EpdError('spec-invalid', faults.map(({ message }) => message).join('\n'), { faults })
    expect(inTerms(error).split('\n')).toEqual([
      'a.yaml:1:1: name: expected a string, found 1',
      '--set solver.nfe=x: solver.nfe: expected an integer, found "x"',
      'a.yaml:2:1: from: found "x"; did you mean "y"? (epd-run predictors lists them)'
    ])
  })
})
