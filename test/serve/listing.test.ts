import { describe, expect, it } from 'vitest'
import { listingOf } from '../../src/serve/listing.js'
import { createStore, openStore } from '../../src/store/store.js'
import { temporaryFolder } from '../support/cli.js'

const run = (id: string) => ({ id, name: id, description: '', file: '', spec: '', overrides: [] })

describe('the runs of a store', () => {
  it('are read again once something was written, and not before', () => {
    const dir = temporaryFolder()
    const writer = createStore(dir)
    writer.beginRun(run('a'), [])
    writer.endRun('a', 'finished')
    const store = openStore(dir)
    const first = listingOf(store)
    expect(first.runs.map(({ id, note }) => [id, note])).toEqual([['a', '']])
    expect(listingOf(store)).toBe(first)
    expect(first.overviews()).toBe(first.overviews())
    writer.note('a', 'noted')
    expect(listingOf(store).runs).toMatchObject([{ id: 'a', note: 'noted' }])
    writer.close()
    store.close()
  })
})
