import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chosenRuns, stateOf } from '../../src/store/run-properties.js'
import { createStore, type WritableStore } from '../../src/store/store.js'
import { temporaryFolder } from '../support/cli.js'

let store: WritableStore

beforeAll(() => {
  store = createStore(temporaryFolder())
  for (const [id, count] of [
    ['a', 1],
    ['b', 3],
    ['c', 2]
  ] as const) {
    const stages = Array.from({ length: count }, (_, i) => ({ name: `s${i}`, key: `${id}${i}`.padEnd(64, '0') }))
    store.beginRun({ id, name: id, description: '', file: '', spec: '', overrides: [] }, stages)
    store.endRun(id, id === 'b' ? 'interrupted' : 'finished')
  }
})
afterAll(() => {
  store.close()
})

const ids = (overviews: ReturnType<typeof chosenRuns>) => overviews.map(({ run }) => run.id)

describe('overviews', () => {
  it('are of all runs, or of some in the order in which these are named', () => {
    const counts = (found: ReturnType<WritableStore['overviews']>) => found.map(({ run, stages }) => [run.id, stages])
    expect(counts(store.overviews()).sort()).toEqual([
      ['a', 1],
      ['b', 3],
      ['c', 2]
    ])
    expect(counts(store.overviews([store.run('c'), store.run('a')]))).toEqual([
      ['c', 2],
      ['a', 1]
    ])
    expect(store.overviews([])).toEqual([])
  })
})

describe('runs', () => {
  it('are chosen by conditions, in an order', () => {
    expect(ids(chosenRuns(store.overviews(), ['state=finished'], '-stages'))).toEqual(['c', 'a'])
    expect(ids(chosenRuns(store.overviews(), ['stages>1 and finished=0'], 'run'))).toEqual(['b', 'c'])
  })

  it('are not chosen by what they do not have', () => {
    expect(() => chosenRuns(store.overviews(), ['colour=red'])).toThrow(
      'runs have no colour; they have run, name, state'
    )
  })

  it('that were interrupted are stopped', () => {
    expect([stateOf({ status: 'interrupted' }), stateOf({ status: 'failed' })]).toEqual(['stopped', 'failed'])
  })
})
