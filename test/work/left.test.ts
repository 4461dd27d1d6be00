import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { loadExperiment } from '../../src/experiment/load.js'
import { checkedContents } from '../../src/store/checked-contents.js'
import { openDatabase } from '../../src/store/sqlite.js'
import { createStore, type Claim, type WritableStore } from '../../src/store/store.js'
import type { Left } from '../../src/work/left.js'
import { leftThreads, type Found } from '../../src/work/left-threads.js'
import { ledger } from '../../src/work/ledger.js'
import { recordsFolder, writeRecord } from '../../src/work/records.js'

const KEY = 'c'.repeat(64)
const SHARDS = 70
let store: WritableStore
let claim: Claim
let folder: string

/** Records of more shards than one thread is asked for at once, by a store that then knows nothing of them. */
beforeEach(async () => {
  store = createStore(mkdtempSync(join(tmpdir(), 'epd-left-')))
  folder = recordsFolder(store.root, KEY)
  claim = store.claim(KEY)!
  const about = { kind: 'sample', params: {}, provenance: {} }
  store.beginStage(claim, about)
  for (let position = 0; position < SHARDS; position++) {
    const file = { name: 'images', data: Buffer.from(`of ${position}`), extension: 'npy', mediaType: 'x' }
    store.putShard(claim, { position, seeds: [position], evaluations: 5, files: [file] })
    const contents = store.contents(KEY, position)
    await writeRecord(folder, position, { key: KEY, contents, cost: { evaluations: 5 }, seconds: 1, host: 'node' })
  }
  store.forgetStage(KEY)
  store.beginStage(claim, about)
})

const positions = Array.from({ length: SHARDS }, (_, i) => i)

async function read(names: readonly number[]): Promise<Found[]> {
  const all: Found[] = []
  for await (const some of leftThreads()({ root: store.root, file: 'store', folder, key: KEY }, names))
    all.push(...some)
  return all
}

const objectOf = ({ rows }: Left) => String(rows.find(({ table }) => table === 'artifacts')?.row.digest)
const pathOf = (digest: string) => join(store.root, 'objects', digest.slice(0, 2), `${digest}.npy`)
const isLeft = (left: Found['left']): left is Left => typeof left === 'object'

describe('what workers have left', () => {
  it('is read in the order of its names, with what it has cost, and entered together', async () => {
    const found = await read([...positions, SHARDS])
    expect(found.map(({ name }) => name)).toEqual([...positions, SHARDS])
    expect(found.at(-1)?.left).toBe('missing')
    const left = found.map(each => each.left).filter(isLeft)
    expect(left).toHaveLength(SHARDS)
    expect(left[3]).toMatchObject({ cost: { evaluations: 5 }, seconds: 1, host: 'node' })
    expect(store.adoptChecked(claim, left, store.version())).toEqual(positions.map(() => true))
    expect(store.shards(KEY).map(({ position, seeds }) => [position, seeds[0]])).toEqual(positions.map(i => [i, i]))
    expect(store.damageOf(KEY)).toBeUndefined()
  })

  it('is damaged where its record, its file or its stage is another', async () => {
    const objects = (await read([0, 1, 2]))
      .map(({ left }) => left)
      .filter(isLeft)
      .map(objectOf)
    rmSync(pathOf(objects[0]))
    writeFileSync(pathOf(objects[1]), 'of 7')
    writeFileSync(pathOf(objects[2]), 'of 2, and more')
    writeFileSync(join(folder, '3.json'), 'garbage')
    const contents = { shards: [], artifacts: [] }
    rmSync(join(folder, '4.json'))
    await writeRecord(folder, 4, { key: 'd'.repeat(64), contents, cost: { evaluations: 5 }, seconds: 1, host: 'node' })
    const found = await read([0, 1, 2, 3, 4, 5])
    expect(found.map(({ left }) => (isLeft(left) ? 'whole' : left))).toEqual([
      ...['damaged', 'damaged', 'damaged', 'damaged', 'damaged'],
      'whole'
    ])
  })

  it('is entered with the seconds for which all of it was computed', async () => {
    const { stages } = loadExperiment({
      file: resolve('left.yaml'),
      text: `name: left
model: { checkpoint: a.pkl }
solver: { name: euler, nfe: 2 }
stages: { a: { kind: sample, seeds: 0-69 } }
`
    })
    const done: number[] = []
    const entered = ledger({
      planned: { key: KEY, stage: stages[0] },
      context: { store, claim, signal: new AbortController().signal, onProgress: progress => done.push(progress.done) },
      readLeft: leftThreads(),
      ...{ folder, count: SHARDS, cost: { evaluations: 5 * SHARDS, atMost: false } }
    })
    await entered.take()
    await entered.take()
    expect(entered.missing()).toEqual([])
    expect([store.stage(KEY)?.seconds, done.at(-1)]).toEqual([SHARDS, 5 * SHARDS])
  })

  it('is not entered where another process has deleted its file since it was read', async () => {
    const before = store.version()
    const [first, second] = (await read([0, 1])).map(({ left }) => left).filter(isLeft)
    rmSync(pathOf(objectOf(first)))
    const other = openDatabase(join(store.root, 'store.sqlite'))
    other.exec('CREATE TABLE others (name TEXT)')
    other.close()
    expect(store.adoptChecked(claim, [first, second], before)).toEqual([false, true])
    expect(store.shards(KEY).map(({ position }) => position)).toEqual([1])
  })

  it('is refused with rows that have another seal', () => {
    const rows = [{ stage_key: KEY, position: 0, seeds: '[1]', nfe: null, evaluations: 1, seal: 'e'.repeat(64) }]
    expect(() => checkedContents(store.root, 'store', KEY, { shards: rows })).toThrow(
      /shard 0 .* is not what was written/
    )
  })
})
