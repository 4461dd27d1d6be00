import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RunEvent } from '../../src/pipeline/event.js'
import { followRun, type ExpectedStage, type LiveRun } from '../../src/pipeline/live.js'
import { readLive, writeLive } from '../../src/pipeline/live-record.js'

const expected = (
  name: string,
  kind: string,
  evaluations: number,
  more: Partial<ExpectedStage> = {}
): ExpectedStage => ({
  ...{ stage: { name, kind }, key: name, what: `${kind} ${name}`, complete: false },
  cost: { evaluations, atMost: false },
  ...more
})

/** A run with a clock that is set by hand, in seconds. */
function following(stages: readonly ExpectedStage[]) {
  let seconds = 0
  const { take, live } = followRun(stages, () => 1000 * seconds)
  return {
    live,
    at: (time: number, event: RunEvent) => {
      seconds = time
      take(event)
    },
    wait: (time: number) => {
      seconds = time
    }
  }
}

const evaluated = (stage: string, done: number, total: number): RunEvent => ({
  ...({ type: 'progress', unit: 'evaluations' } as const),
  ...{ stage, done, total }
})

describe('a run that is followed', () => {
  it('counts what the store has, and names what comes next', () => {
    const { live } = following([expected('a', 'sample', 10, { complete: true }), expected('b', 'sample', 10)])
    expect(live()).toEqual({ stages: 2, done: 1, recent: [], running: [], next: 'b' })
  })

  it('has the rate of the stage that runs, and the time left for it', () => {
    const { at, live } = following([expected('a', 'sample', 100)])
    at(0, { type: 'started', stage: 'a' })
    at(0, evaluated('a', 0, 100))
    at(2, evaluated('a', 20, 100))
    expect(live().running[0]).toEqual({
      ...{ name: 'a', kind: 'sample', what: 'sample a', notes: [] },
      ...{ done: 20, total: 100, unit: 'evaluations', rate: 10, left: 8 }
    })
  })

  it('measures the rate from where an earlier sitting ended', () => {
    const { at, live } = following([expected('a', 'sample', 100)])
    at(0, { type: 'started', stage: 'a' })
    at(0, evaluated('a', 60, 100))
    at(2, evaluated('a', 80, 100))
    expect(live().running[0]).toMatchObject({ rate: 10, left: 2 })
  })

  it('takes a stage that is silent for longer than usual for slower', () => {
    const { at, wait, live } = following([expected('a', 'sample', 100)])
    at(0, evaluated('a', 0, 100))
    at(2, evaluated('a', 20, 100))
    wait(4)
    expect(live().running[0].rate).toBe(10)
    wait(6)
    expect(live().running[0].rate).toBe(5)
  })

  it('forgets how fast it was more than half a minute ago', () => {
    const { at, live } = following([expected('a', 'sample', 10_000)])
    for (let i = 0; i <= 10; i++) at(i, evaluated('a', 100 * i, 10_000))
    for (let i = 11; i <= 60; i++) at(i, evaluated('a', 1000 + i - 10, 10_000))
    expect(live().running[0].rate).toBeCloseTo(1, 6)
  })

  it('estimates what is left of all stages by the speed of each kind', () => {
    const { at, live } = following([
      expected('teacher', 'teacher', 100),
      expected('student', 'distill', 400),
      expected('x', 'sample', 50),
      expected('y', 'sample', 50, { key: 'x' }),
      expected('old', 'sample', 1000, { complete: true }),
      expected('score', 'score', 0)
    ])
    expect(live().left).toBeUndefined()
    at(0, { type: 'started', stage: 'teacher' })
    at(10, { type: 'finished', stage: 'teacher', seconds: 10, evaluations: 100 })
    // 450 evaluations at 10 a second: y is the same result as x, and old is in the store.
    expect(live().left).toBe(45)
    at(10, { type: 'started', stage: 'student' })
    at(10, evaluated('student', 0, 400))
    at(12, evaluated('student', 40, 400))
    expect(live()).toMatchObject({ done: 2, left: 18 + (50 * 12) / 140 })
  })

  it('counts of a stage that goes on only what was left of it', () => {
    const { at, live } = following([expected('a', 'sample', 100), expected('b', 'sample', 100)])
    at(0, { type: 'started', stage: 'a' })
    at(0, evaluated('a', 90, 100))
    at(1, { type: 'finished', stage: 'a', seconds: 1, evaluations: 100 })
    expect(live().left).toBe(10)
  })

  it('keeps lines of iterations beside the evaluations of a stage', () => {
    const { at, live } = following([expected('a', 'distill', 100)])
    const iteration = (done: number, note: string) =>
      ({ type: 'progress', stage: 'a', unit: 'iterations', done, total: 9, note }) as const
    at(0, { type: 'started', stage: 'a' })
    at(0, { type: 'progress', stage: 'a', unit: 'evaluations', done: 10, total: 100, atMost: true })
    for (let i = 1; i <= 6; i++) at(i, iteration(i, `step ${i}`))
    expect(live().running[0]).toMatchObject({
      ...{ unit: 'evaluations', done: 10, atMost: true },
      notes: ['step 3', 'step 4', 'step 5', 'step 6']
    })
  })

  it('tells who is waited for, and forgets it once the stage is there', () => {
    const { at, live } = following([expected('a', 'sample', 10)])
    const holder = { pid: 7, host: 'here', sight: 'alive', ahead: 0 } as const
    at(0, { type: 'waiting', stage: 'a', holder })
    expect(live().running[0].waiting).toEqual({ holder })
    at(1, { type: 'cached', stage: 'a' })
    const recent = [{ name: 'a', kind: 'sample', what: 'sample a' }]
    expect(live()).toEqual({ stages: 1, done: 1, running: [], recent })
  })

  it('remembers eight of the stages that are done, and each once', () => {
    const names = Array.from({ length: 12 }, (_, i) => `s${i}`)
    const { at, live } = following(names.map(name => expected(name, 'sample', 1)))
    for (const name of [...names, 's5']) at(1, { type: 'finished', stage: name, seconds: 1, evaluations: 1 })
    expect(live().recent.map(({ name }) => name)).toEqual(['s4', 's6', 's7', 's8', 's9', 's10', 's11', 's5'])
  })
})

const some = fc.double({ min: 0, max: 1e9, noNaN: true, noDefaultInfinity: true })
const named = { name: fc.string(), kind: fc.string(), what: fc.string() }
const live: fc.Arbitrary<LiveRun> = fc.record(
  {
    ...{ stages: fc.nat(), done: fc.nat(), left: some, next: fc.string() },
    recent: fc.array(fc.record({ ...named, seconds: some }, { requiredKeys: ['name', 'kind', 'what'] })),
    running: fc.array(
      fc.record(
        {
          ...{ ...named, done: some, total: some, stored: some, rate: some, left: some },
          ...{ unit: fc.constantFrom('evaluations' as const, 'samples' as const), atMost: fc.constant(true) },
          ...{ notes: fc.array(fc.string(), { maxLength: 4 }) },
          waiting: fc.record(
            {
              holder: fc.record({ pid: fc.nat(), host: fc.string(), sight: fc.constant('alive' as const), ahead: some })
            },
            { requiredKeys: [] }
          )
        },
        { requiredKeys: ['name', 'kind', 'what', 'notes'] }
      ),
      { maxLength: 3 }
    )
  },
  { requiredKeys: ['stages', 'done', 'recent', 'running'] }
)

describe('the record of a run that goes on', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(live, run => {
        expect(readLive(writeLive(run))).toEqual(JSON.parse(JSON.stringify(run)))
      })
    )
  })

  it('is small, however long names are', () => {
    const long = { name: 'x'.repeat(10_000), kind: 'sample', what: 'y'.repeat(10_000) }
    const run = {
      stages: 9,
      done: 1,
      running: [],
      recent: Array.from({ length: 8 }, () => long),
      next: 'z'.repeat(10_000)
    }
    expect(writeLive(run).length).toBeLessThan(5000)
    expect(readLive(writeLive(run))?.recent[0].name).toBe(`${'x'.repeat(200)}…`)
  })

  it.each([
    ['no JSON', 'x'],
    ['nothing', 'null'],
    ['a list', '[1]'],
    ['no stages', '{"done":1,"recent":[]}'],
    ['a number that is none', '{"stages":"9","done":1,"recent":[]}']
  ])('of %s is none', (_, json) => {
    expect(readLive(json)).toBeUndefined()
  })

  it('leaves out what is not as it must be', () => {
    const strange = { stages: 2, done: 1, left: -1, next: 3, recent: [{ name: 'a' }, 5], running: [{ name: {} }] }
    expect(readLive(JSON.stringify(strange))).toEqual({ stages: 2, done: 1, recent: [], running: [] })
  })
})
