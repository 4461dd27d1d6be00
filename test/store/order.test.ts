import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/store/sqlite.js'
import { createStore, type Claim, type WritableStore } from '../../src/store/store.js'

let root: string
let store: WritableStore
const opened: { close(): void }[] = []

function open(): WritableStore {
  const one = createStore(root)
  opened.push(one)
  return one
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'epd-order-'))
  store = open()
})

afterEach(() => {
  for (const one of opened.splice(0)) one.close()
  rmSync(root, { recursive: true })
})

const codeOf = (code: string) => expect.objectContaining({ code }) as unknown

/** A run at rest whose stages have these keys; each of them, if it is new, leaves a file of this content. */
function finished(id: string, stages: Readonly<Record<string, string>>): void {
  const keys = Object.keys(stages)
  const run = { id, name: id.slice(0, -9), description: '', file: 'a.yaml', spec: '', overrides: [] }
  store.beginRun(
    run,
    keys.map(key => ({ name: key, key }))
  )
  for (const [key, content] of Object.entries(stages)) if (!store.isBegun(key)) left(key, content)
  store.endRun(id, 'finished')
}

/** A finished stage that has left a file. */
function left(key: string, content: string): void {
  const claim = begun(key)
  store.putShard(claim, shard(content))
  store.finishStage(claim, { evaluations: 1, seconds: 1 })
  claim.release()
}

function begun(key: string): Claim {
  const claim = store.claim(key)
  if (!claim) throw new Error(`${key} is held`)
  store.beginStage(claim, { kind: 'sample', params: {}, provenance: {} })
  return claim
}

function shard(content: string) {
  const file = { name: 'samples', data: Buffer.from(content), extension: 'txt', mediaType: 'text/plain' }
  return { position: 0, seeds: [1], evaluations: 1, files: [file] }
}

function fileOf(key: string): string {
  return store.artifactPath(store.artifacts(key)[0])
}

describe('a run', () => {
  it('is found by its id, as the newest of its name, or by the beginning of its id', () => {
    finished('a-00000001', {})
    finished('a-00000002', {})
    finished('b-00000003', {})
    expect(store.find('a')).toEqual({ id: 'a-00000002', others: ['a-00000001'] })
    expect(store.find('a-00000001')).toEqual({ id: 'a-00000001', others: [] })
    expect(store.find('b-0')).toEqual({ id: 'b-00000003', others: [] })
  })

  it('keeps its tags, its note and its new name when it is begun again', () => {
    finished('a-00000001', {})
    store.tag('a-00000001', ['good', 'best'])
    store.untag('a-00000001', ['good'])
    store.note('a-00000001', 'the first\n"of all"')
    store.rename('a-00000001', 'base')
    finished('a-00000001', {})
    expect(store.run('base')).toMatchObject({ id: 'a-00000001', tags: ['best'], note: 'the first\n"of all"' })
    expect(store.overviews()[0].run.tags).toEqual(['best'])
    store.note('a-00000001', '')
    expect(store.run('base').note).toBe('')
  })

  it('has no tag of two words, no name of another run and no tag taken off that it does not have', () => {
    finished('a-00000001', {})
    finished('b-00000002', {})
    expect(() => {
      store.tag('a-00000001', ['good', 'two words'])
    }).toThrow(codeOf('usage'))
    expect(() => {
      store.untag('a-00000001', ['good'])
    }).toThrow(codeOf('not-found'))
    for (const name of ['b-00000002', '../up', 'nul', ''])
      expect(() => {
        store.rename('a-00000001', name)
      }).toThrow(codeOf('usage'))
    expect(store.run('a').tags).toEqual([])
  })

  it('is refused by the name of what was changed in its note by another program', () => {
    finished('a-00000001', {})
    store.note('a-00000001', 'true')
    const database = openDatabase(join(root, 'store.sqlite'))
    database.exec(`UPDATE run_notes SET note = 'false'`)
    database.close()
    expect(() => store.run('a')).toThrow(/the note of run a-00000001 is not what was written; write it again/)
    store.note(store.find('a').id, 'again')
    expect(store.run('a').note).toBe('again')
  })
})

describe('removing a run', () => {
  it('leaves what its stages have left, and other runs', async () => {
    finished('a-00000001', { k1: 'one', k2: 'two' })
    finished('b-00000002', { k2: 'two' })
    store.tag('a-00000001', ['old'])
    await store.removeRun('a-00000001')
    expect(store.runs().map(({ id }) => id)).toEqual(['b-00000002'])
    expect([store.isComplete('k1'), store.isComplete('k2')]).toEqual([true, true])
    finished('a-00000001', { k1: 'one' })
    expect(store.run('a').tags).toEqual([])
  })

  it('is refused while a process works on it', async () => {
    const run = { id: 'a-00000001', name: 'a', description: '', file: 'a.yaml', spec: '', overrides: [] }
    open().beginRun(run, [{ name: 's', key: 'k1' }])
    await expect(store.removeRun(run.id)).rejects.toThrow(codeOf('run-in-use'))
    expect(store.runs()).toHaveLength(1)
  })
})

describe('removing what is unused', () => {
  it('takes stages that no run has and files that no other stage has left', async () => {
    finished('a-00000001', { k1: 'one', k2: 'both' })
    finished('b-00000002', { k3: 'both' })
    const [one, both] = [fileOf('k1'), fileOf('k3')]
    await store.removeRun('a-00000001')
    expect(store.unused()).toEqual({
      stages: [
        { key: 'k1', kind: 'sample', bytes: 3 },
        { key: 'k2', kind: 'sample', bytes: 4 }
      ],
      objects: [{ path: one, bytes: 3 }],
      images: []
    })
    const found = store.unused()
    expect(await store.removeUnused()).toEqual(found)
    expect([existsSync(one), existsSync(both)]).toEqual([false, true])
    expect([store.isBegun('k1'), store.isBegun('k2'), store.isComplete('k3')]).toEqual([false, false, true])
    expect(store.unused()).toEqual({ stages: [], objects: [], images: [] })
  })

  it('leaves files that nothing refers to while workers have orders', async () => {
    const { digest } = store.putObject(Buffer.from('of a worker'), 'npy')
    const order = join(root, 'orders', `${digest}.json`)
    mkdirSync(join(root, 'orders'))
    writeFileSync(order, '{}')
    expect(store.unused().objects).toEqual([])
    expect((await store.removeUnused()).objects).toEqual([])
    rmSync(order)
    expect((await store.removeUnused()).objects).toHaveLength(1)
  })

  it('leaves a stage that a process computes without a run', async () => {
    const claim = begun('k1')
    store.putShard(claim, shard('one'))
    expect(await store.removeUnused()).toEqual({ stages: [], objects: [], images: [] })
    store.finishStage(claim, { evaluations: 1, seconds: 1 })
    expect(store.isComplete('k1')).toBe(true)
    claim.release()
    expect((await store.removeUnused()).stages).toHaveLength(1)
  })

  it('between the writing of a file and its commit leaves the file', () => {
    const claim = begun('k1')
    const deletes = {
      ...claim,
      check() {
        claim.check()
        // The file is there, and no row names it yet.
        for (const { path } of store.unused().objects) rmSync(path)
      }
    }
    store.putShard(deletes, shard('one'))
    expect(store.readArtifact(store.artifacts('k1')[0]).toString()).toBe('one')
  })

  it('takes the pictures of a run that is no more, and what a killed process has moved away', async () => {
    finished('a-00000001', {})
    for (const folder of ['images/a-00000001', 'images/b-00000002/samples', 'trash/left'])
      mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, 'images', 'b-00000002', 'samples', '0.png'), '12345')
    const { images } = await store.removeUnused()
    expect(images).toEqual([{ path: join(root, 'images', 'b-00000002'), bytes: 5 }])
    expect(readdirSync(join(root, 'images'))).toEqual(['a-00000001'])
    expect(existsSync(join(root, 'trash'))).toBe(false)
  })

  it('is refused where a row that names stages is not what was written', async () => {
    finished('a-00000001', { k1: 'one' })
    const database = openDatabase(join(root, 'store.sqlite'))
    database.exec(`UPDATE run_stages SET stage_key = 'k2'`)
    database.close()
    await expect(store.removeUnused()).rejects.toThrow(codeOf('store-corrupt'))
    expect(store.isComplete('k1')).toBe(true)
  })
})

describe('work alone', () => {
  it('is not done while another has the store open to work in it', async () => {
    let times = 0
    const count = () => (times += 1)
    const other = createStore(root)
    expect(await store.alone(count)).toBe(false)
    other.close()
    expect(await store.alone(count)).toBe(true)
    expect(times).toBe(1)
  })
})
