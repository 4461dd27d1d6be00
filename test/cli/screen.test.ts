import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { screenOf } from '../../src/cli/screen.js'
import { widthOf } from '../../src/cli/width.js'
import type { DoneStage } from '../../src/pipeline/live.js'
import type { View } from '../../src/pipeline/live-view.js'

const done = (name: string, seconds?: number): DoneStage => ({
  ...{ name, kind: 'sample', what: `${name} at 3 NFE, seeds 0-255` },
  ...(seconds !== undefined && { seconds })
})

/** specs/table1-shapes16.yaml in the middle of its run. */
const table1: View = {
  stages: 330,
  done: 12,
  left: 2470,
  recent: [
    done('teacher@nfe=3', 12),
    done('epd.validation@nfe=3'),
    done('samples@nfe=3,solver=DDIM', 3.2),
    done('samples@nfe=3,solver=EDM', 4),
    done('samples@nfe=3,solver=DPM-Solver-2', 101)
  ],
  running: [
    {
      ...{ name: 'epd-plugin@nfe=3', kind: 'distill', what: 'epd K=2 on ipndm at 3 NFE by levenberg-marquardt' },
      ...{ done: 7412, total: 17_654, unit: 'evaluations', atMost: true, rate: 312, left: 32.8 },
      notes: [
        '  1  step 1 of 3  local rms loss 0.03913  accepted',
        '  2  step 1 of 3  local rms loss 0.02201  accepted',
        '  3  step 2 of 3  local rms loss 0.05400  refused'
      ]
    }
  ],
  next: 'samples@nfe=3,solver=EPD-Plugin'
}

describe('a run of 330 stages', () => {
  it('on 40 columns and 12 lines', () => {
    expect(screenOf(table1, { columns: 40, rows: 12 })).toEqual([
      '✔ teacher@nfe=3  12.0 s  teacher@nfe=3…',
      '✔ epd.validation@nfe=3  (in the store)…',
      '✔ samples@nfe=3,solver=DDIM  3.2 s  sa…',
      '✔ samples@nfe=3,solver=EDM  4.0 s  sam…',
      '✔ samples@nfe=3,solver=DPM-Solver-2  1…',
      '❯ epd-plugin@nfe=3  epd K=2 on ipndm a…',
      '  █████░░░░░░░  41 %  312/s  33 s left',
      '  7,412 of at most 17,654 evaluations',
      '  › 3  step 2 of 3  local rms loss 0.0…',
      '… 7 done before; 317 to come, next sam…',
      '12 of 330 stages, 41 min left'
    ])
  })

  it('on 80 columns and 24 lines', () => {
    expect(screenOf(table1, { columns: 80, rows: 24 })).toEqual([
      '✔ teacher@nfe=3  12.0 s  teacher@nfe=3 at 3 NFE, seeds 0-255',
      '✔ epd.validation@nfe=3  (in the store)  epd.validation@nfe=3 at 3 NFE, seeds 0…',
      '✔ samples@nfe=3,solver=DDIM  3.2 s  samples@nfe=3,solver=DDIM at 3 NFE, seeds…',
      '✔ samples@nfe=3,solver=EDM  4.0 s  samples@nfe=3,solver=EDM at 3 NFE, seeds 0-…',
      '✔ samples@nfe=3,solver=DPM-Solver-2  1:41 min  samples@nfe=3,solver=DPM-Solver…',
      '❯ epd-plugin@nfe=3  epd K=2 on ipndm at 3 NFE by levenberg-marquardt',
      '  ██████░░░░░░░░░   41 %  7,412 of at most 17,654 evaluations  312/s  33 s left',
      '  › 1  step 1 of 3  local rms loss 0.03913  accepted',
      '  › 2  step 1 of 3  local rms loss 0.02201  accepted',
      '  › 3  step 2 of 3  local rms loss 0.05400  refused',
      '… 7 done before; 317 to come, next samples@nfe=3,solver=EPD-Plugin',
      '12 of 330 stages, 41 min left'
    ])
  })

  it('on 200 columns and 50 lines, folds the rest into one line too', () => {
    const lines = screenOf(table1, { columns: 200, rows: 50 })
    expect(lines).toHaveLength(12)
    expect(lines.at(6)).toBe('  ██████████░░░░░░░░░░░░░░   41 %  7,412 of at most 17,654 evaluations  312/s  33 s left')
    expect(lines.at(-2)).toBe('… 7 done before; 317 to come, next samples@nfe=3,solver=EPD-Plugin')
  })

  it('leaves out least of all how far it is, and then what runs', () => {
    expect(screenOf(table1, { columns: 80, rows: 2 })).toEqual(['12 of 330 stages, 41 min left'])
    expect(screenOf(table1, { columns: 80, rows: 4 })).toEqual([
      '❯ epd-plugin@nfe=3  epd K=2 on ipndm at 3 NFE by levenberg-marquardt',
      '  ██████░░░░░░░░░   41 %  7,412 of at most 17,654 evaluations  312/s  33 s left',
      '12 of 330 stages, 41 min left'
    ])
  })
})

describe('a run that has ended', () => {
  it('says what it was stopped in', () => {
    expect(screenOf({ ...table1, ended: 'stopped', mark: 'stopped' }, { columns: 80, rows: 5 })).toEqual([
      '■ epd-plugin@nfe=3  epd K=2 on ipndm at 3 NFE by levenberg-marquardt',
      '  ██████░░░░░░░░░   41 %  7,412 of at most 17,654 evaluations  312/s  33 s left',
      '… 12 done before; 317 to come, next samples@nfe=3,solver=EPD-Plugin',
      '12 of 330 stages, stopped'
    ])
  })
})

describe('a stage that is waited for', () => {
  it('says for whom', () => {
    const holder = { pid: 4242, host: 'here', sight: 'alive', ahead: 0 } as const
    const running = [{ name: 'teacher', kind: 'teacher', what: 'heun', notes: [], waiting: { holder } }]
    expect(screenOf({ stages: 2, done: 0, recent: [], running }, { columns: 80, rows: 24 })).toEqual([
      '❯ teacher  heun',
      '  process 4242 is computing it; waiting',
      '… 1 to come',
      '0 of 2 stages'
    ])
  })
})

const text = fc.string({ unit: 'binary', maxLength: 60 })
const named = { name: text, kind: fc.constant('sample'), what: text }
const count = fc.nat(1_000_000)
const view: fc.Arbitrary<View> = fc.record(
  {
    stages: count,
    done: count,
    left: fc.double({ min: 0, max: 1e7, noNaN: true }),
    recent: fc.array(fc.record({ ...named, seconds: fc.double({ min: 0, max: 1e6, noNaN: true }) }), { maxLength: 8 }),
    running: fc.array(
      fc.record(
        {
          ...{ ...named, done: count, total: count, unit: fc.constant('evaluations' as const), stored: count },
          ...{ rate: fc.double({ min: 1e-3, max: 1e6, noNaN: true }), left: count, notes: fc.array(text) }
        },
        { requiredKeys: ['name', 'kind', 'what', 'notes'] }
      ),
      { maxLength: 3 }
    ),
    next: text
  },
  { requiredKeys: ['stages', 'done', 'recent', 'running'] }
)

describe('any run on any terminal', () => {
  it('takes no more lines than there are, none too wide, and nothing that a terminal would obey', () => {
    fc.assert(
      fc.property(view, fc.integer({ min: 10, max: 250 }), fc.integer({ min: 2, max: 60 }), (any, columns, rows) => {
        const lines = screenOf(any, { columns, rows })
        expect(lines.length).toBeLessThan(rows)
        for (const line of lines) {
          expect(widthOf(line)).toBeLessThan(columns)
          expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/)
        }
      })
    )
  })
})
