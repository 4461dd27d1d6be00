import { describe, expect, it } from 'vitest'
import { changed, errors } from './spec.js'

const named = (name: string) => errors(changed('name: example', `name: ${name}`))
const staged = (name: string) =>
  errors(changed('  truth: {', `  ${name}: {`).replace('reference: truth', `reference: ${name}`))

describe('names that folders and files are called by', () => {
  it.each(['CON', 'aux.yaml', 'nul', 'com1', 'LPT9.x'])('are none of the devices of Windows: %s', name => {
    expect(named(name)).toEqual([
      expect.stringMatching(/^1:1: name: expected .*, which Windows keeps for a device; choose another$/)
    ])
  })

  it('have no more bytes than file systems take', () => {
    expect(named('x'.repeat(200))).toEqual([])
    expect(named('x'.repeat(201))).toEqual([expect.stringMatching(/at most 200 bytes.*of 201; shorten it$/)])
    expect(staged('x'.repeat(1_000))).toEqual([
      expect.stringMatching(/^8:3: stages\.x+\.\.\.: expected a name of at most 200 bytes/)
    ])
  })

  it('do not end in a dot', () => {
    expect(named('a.')).toEqual([expect.stringMatching(/whose end Windows drops; choose another$/)])
  })

  it('of stages differ in more than capitals', () => {
    expect(staged('Samples')).toEqual([
      expect.stringMatching(/^8:3: stages\.Samples: expected names that differ in more than capitals/)
    ])
    expect(staged('prn')).toEqual([expect.stringMatching(/which Windows keeps for a device/)])
  })

  it('count with the values of the matrix behind them', () => {
    const values = `matrix: { n: { ${'v'.repeat(150)}: 3, ${'w'.repeat(150)}: 4 } }\nstages:`
    const spec = changed('stages:', values).replace(
      '{ name: heun, numSteps: 33 }',
      '{ name: heun, numSteps: matrix.n }'
    )
    expect(errors(spec.replaceAll('truth', 't'.repeat(60)))).toContainEqual(expect.stringMatching(/at most 200 bytes/))
  })
})
