import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { writeLive } from '../../src/pipeline/live-record.js'
import type { LiveRun } from '../../src/pipeline/live.js'
import { watchRun, type WatchedRun } from '../../src/pipeline/watch.js'
import { createStore, openStore } from '../../src/store/store.js'

const run = { id: 'r-1', name: 'r', description: '', file: 'r.yaml', spec: '', overrides: [] }
const stages = ['a', 'b', 'c', 'd'].map(name => ({ name, key: name === 'b' ? 'a' : name }))
const live: LiveRun = {
  ...{ stages: 4, done: 1, left: 60, next: 'c' },
  recent: [{ name: 'a', kind: 'sample', what: 'euler', seconds: 2 }],
  running: [{ name: 'b', kind: 'sample', what: 'heun', done: 5, total: 10, unit: 'evaluations', notes: [] }]
}

/** A store with a run that has two results, and a stage that is begun and has left a shard. */
function begun(progress?: () => string) {
  const root = mkdtempSync(join(tmpdir(), 'epd-watch-'))
  const store = createStore(root)
  store.beginRun(run, stages, progress)
  const claimed = (key: string, work: (claim: NonNullable<ReturnType<typeof store.claim>>) => void) => {
    const claim = store.claim(key)
    if (!claim) throw new Error('it is free')
    store.beginStage(claim, { kind: 'sample', params: {}, provenance: {} })
    work(claim)
    claim.release()
  }
  claimed('a', claim => {
    store.finishStage(claim, { nfe: 1, evaluations: 4, seconds: 2 })
  })
  claimed('c', claim => {
    store.putShard(claim, { position: 0, seeds: [1, 2, 3], evaluations: 3, files: [] })
  })
  return { root, store }
}

/** What is told of the run once somebody says how far it is. */
async function told(root: string, isTold: (watched: WatchedRun) => boolean): Promise<WatchedRun> {
  const reader = openStore(root)
  try {
    for (;;) {
      const watched = watchRun(reader, 'r-1')
      if (isTold(watched)) return watched
      await sleep(20)
    }
  } finally {
    reader.close()
  }
}

describe('a run that is watched', () => {
  it('is what its process says of it', async () => {
    const { root, store } = begun(() => writeLive(live))
    const watched = await told(root, ({ running }) => running.length > 0)
    const { running, ...whole } = live
    expect(watched).toMatchObject({ ...whole, run: { id: 'r-1', status: 'running' } })
    expect(watched.running).toEqual([
      { ...running[0], worker: expect.objectContaining({ pid: process.pid }) as unknown }
    ])
    store.close()
  })

  it('is what its two processes say together', async () => {
    const { root, store } = begun(() => writeLive(live))
    const other = createStore(root)
    const waits = { ...live.running[0], waiting: {} }
    const computes = { ...live.running[0], name: 'c' }
    const done = { name: 'a', kind: 'sample', what: 'euler' }
    const late: LiveRun = { ...live, done: 2, left: 40, next: 'd', recent: [done], running: [waits, computes] }
    other.beginRun(run, stages, () => writeLive(late))
    const watched = await told(root, ({ running }) => running.length > 1)
    expect(watched).toMatchObject({ stages: 4, done: 2, left: 40, next: 'd', recent: live.recent })
    expect(watched.running.map(({ name, waiting }) => [name, waiting])).toEqual([
      ['b', undefined],
      ['c', undefined]
    ])
    other.close()
    store.close()
  })

  it('is what the store has where its process says what nobody understands', async () => {
    const { root, store } = begun(() => '{"stages":"many"}')
    const reader = openStore(root)
    while (reader.workers('r-1')[0]?.progress === null) await sleep(20)
    expect(watchRun(reader, 'r-1')).toMatchObject({ stages: 4, done: 2, running: [], run: { status: 'running' } })
    reader.close()
    store.close()
  })

  it('is what the store has of it once it has ended: results once each, and what is kept of the next', () => {
    const { store } = begun(() => writeLive(live))
    store.endRun('r-1', 'interrupted', 'interrupted')
    const { run, ...watched } = watchRun(store, 'r-1')
    expect(run.status).toBe('interrupted')
    expect(watched).toEqual({
      ...{ stages: 4, done: 2, running: [], next: 'c' },
      recent: [{ name: 'a', kind: 'sample', what: '', seconds: 2 }],
      begun: { name: 'c', seeds: 3, iterations: 0 }
    })
    expect(store.workers('r-1')).toEqual([])
    store.close()
  })
})
