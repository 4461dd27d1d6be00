import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packTar, unpackTar, type ParsedTarEntryWithData } from 'modern-tar'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestOfBytes } from '../../src/files/digest.js'
import { archive } from '../../src/pipeline/archive.js'
import { collectGarbage, findGarbage, usage } from '../../src/pipeline/garbage.js'
import { unarchive } from '../../src/pipeline/unarchive.js'
import { createStore, openStore, type WritableStore } from '../../src/store/store.js'
import { unpackStore } from '../support/old-stores.js'
import { outcome } from '../support/outcome.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-archive-'))
const [whole, file] = [join(folder, 'whole'), join(folder, 'run.tar')]
let run: string
let stores = 0

beforeAll(async () => {
  unpackStore(5, whole)
  await within(whole, async store => {
    run = store.runs()[0].id
    store.tag(run, ['kept'])
    store.note(run, 'moved')
    await archive(store, run, file)
  })
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

async function within<T>(dir: string, work: (store: WritableStore) => Promise<T>): Promise<T> {
  const store = createStore(dir)
  try {
    return await work(store)
  } finally {
    store.close()
  }
}

const elsewhere = () => join(folder, `store-${(stores += 1)}`)
const contents = (dir: string) => {
  const store = openStore(dir)
  try {
    return store.query('SELECT key, seal, contents FROM stages ORDER BY key').rows
  } finally {
    store.close()
  }
}

describe('an archived run', () => {
  it('is the same elsewhere, to the digests of all rows and files, with its labels', async () => {
    const there = elsewhere()
    const found = await within(there, store => unarchive(store, file))
    expect(found).toMatchObject({ run, kept: [] })
    expect(outcome(there)).toEqual(outcome(whole))
    expect(contents(there)).toEqual(contents(whole))
    await within(there, store => {
      expect(store.run(run)).toMatchObject({ tags: ['kept'], note: 'moved', status: 'finished' })
      for (const { key } of store.runStages(run)) expect(store.damageOf(key)).toBeUndefined()
      expect(store.unused()).toEqual({ stages: [], objects: [], images: [] })
      return Promise.resolve()
    })
    expect(readdirSync(join(there, 'images', run)).length).toBeGreaterThan(0)
  })

  it('is the same bytes each time, and can be read twice', async () => {
    const [there, again] = [elsewhere(), join(folder, 'again.tar')]
    await within(there, async store => {
      await unarchive(store, file)
      await unarchive(store, file)
      await archive(store, run, again)
      expect(store.runs()).toHaveLength(1)
    })
    expect(readFileSync(again).equals(readFileSync(file))).toBe(true)
  })

  it('takes the place of results that were begun only, or are damaged', async () => {
    const there = elsewhere()
    await within(there, async store => {
      await unarchive(store, file)
      const { key } = store.runStages(run)[0]
      store.forgetStage(key)
      const claim = store.claim(key)!
      store.beginStage(claim, { kind: 'teacher', params: {}, provenance: {} })
      claim.release()
      await unarchive(store, file)
    })
    expect(contents(there)).toEqual(contents(whole))
  })
})

type Entries = ParsedTarEntryWithData[]

/** The manifest of an archive, changed, with its digest. */
function withManifest(entries: Entries, change: (manifest: Record<string, unknown>) => void): Entries {
  const manifest = JSON.parse(Buffer.from(entries[0].data!).toString()) as Record<string, unknown>
  change(manifest)
  const data = Buffer.from(JSON.stringify(manifest))
  const digest = Buffer.from(`${digestOfBytes(data)}\n`)
  return [replaced(entries[0], data), replaced(entries[1], digest), ...entries.slice(2)]
}

/** The rows of an archive, changed, with all digests that cover them. */
function withRecords(entries: Entries, change: (text: string) => string): Entries {
  const data = Buffer.from(change(Buffer.from(entries[2].data!).toString()))
  const changed = [...entries.slice(0, 2), replaced(entries[2], data), ...entries.slice(3)]
  return withManifest(changed, manifest => (manifest.records = { digest: digestOfBytes(data), size: data.length }))
}

function replaced({ header }: Entries[number], data: Buffer): Entries[number] {
  return { header: { ...header, size: data.length, pax: undefined }, data: new Uint8Array(data) }
}

function named(entry: Entries[number], name: string): Entries[number] {
  return { ...entry, header: { ...entry.header, name } }
}

const HOSTILE: readonly (readonly [what: string, message: RegExp, change: (entries: Entries) => Entries])[] = [
  [
    'leads out of the store',
    /"..\/..\/etc\/passwd"/,
    e => [...e.slice(0, 3), named(e[3], '../../etc/passwd'), ...e.slice(4)]
  ],
  ['has a link', /symlink/, e => [{ header: { ...e[0].header, type: 'symlink', linkname: '/etc', size: 0 } }]],
  ['has more than a run', /"more"/, e => [...e, named(e[0], 'more')]],
  ['has an entry twice', /where objects/, e => [...e.slice(0, 4), e[3], ...e.slice(4)]],
  ['ends early', /is cut off before/, e => e.slice(0, -1)],
  ['has another manifest', /has another digest/, e => [replaced(e[0], Buffer.from('{}')), ...e.slice(1)]],
  ['is of another form', /is of form 2/, e => withManifest(e, m => (m.format = 2))],
  [
    'has a file of other bytes',
    /another digest/,
    e => [...e.slice(0, 3), replaced(e[3], Buffer.alloc(e[3].header.size)), ...e.slice(4)]
  ],
  [
    'says that it is larger than it is',
    /is cut off, or lies/,
    e => withManifest(e, m => (m.records = { digest: '0'.repeat(64), size: 2 ** 40 }))
  ],
  [
    'has the stages of another run',
    /not that of its stages/,
    e => withRecords(e, t => t.replace(/("table":"run_stages".*?"name":")/, '$1x'))
  ],
  ['has rows that are no JSON', /records.jsonl:1: is no JSON/, e => withRecords(e, t => `{${t}`)],
  [
    'has a row of a table that is not there',
    /is no row of a store/,
    e => withRecords(e, t => t.replace('"table":"runs"', '"table":"claims"'))
  ],
  [
    'has a value of another type',
    /archive|row/,
    e => withRecords(e, t => t.replace(/"evaluations":\d+/, '"evaluations":"many"'))
  ],
  [
    'has a changed score',
    /other rows of stage/,
    e => withRecords(e, t => t.replace(/("table":"metrics".*?"value":)[\d.]+/, '$11.5'))
  ],
  [
    'has no overrides that can be read',
    /does not write/,
    e => withRecords(e, t => t.replace('"overrides":"[]"', '"overrides":"{}"'))
  ]
]

describe('an archive is refused by name, and enters nothing, that', () => {
  it.each(HOSTILE)('%s', async (_, message, change) => {
    const entries = await unpackTar(readFileSync(file))
    const [hostile, there] = [join(folder, 'hostile.tar'), elsewhere()]
    writeFileSync(hostile, await packTar(change(entries)))
    await within(there, async store => {
      const refused: unknown = expect.objectContaining({
        code: 'archive-invalid',
        message: expect.stringMatching(message) as unknown
      })
      await expect(unarchive(store, hostile)).rejects.toEqual(refused)
      expect(store.runs()).toEqual([])
      expect(store.query('SELECT * FROM stages').rows).toEqual([])
    })
    expect(existsSync(join(folder, 'etc'))).toBe(false)
  })

  it.each([0.1, 0.5, 0.95])('is cut off at %f of its bytes', async part => {
    const bytes = readFileSync(file)
    const [hostile, there] = [join(folder, 'hostile.tar'), elsewhere()]
    writeFileSync(hostile, bytes.subarray(0, Math.floor(bytes.length * part)))
    await within(there, async store => {
      await expect(unarchive(store, hostile)).rejects.toMatchObject({ code: 'archive-invalid' })
      expect(store.runs()).toEqual([])
    })
  })

  it('is no tar, or not there', async () => {
    const there = elsewhere()
    writeFileSync(join(folder, 'hostile.tar'), 'no tar at all'.repeat(100))
    await within(there, async store => {
      await expect(unarchive(store, join(folder, 'hostile.tar'))).rejects.toMatchObject({ code: 'archive-invalid' })
      await expect(unarchive(store, join(folder, 'absent.tar'))).rejects.toThrow(/absent.tar/)
    })
  })
})

describe('garbage', () => {
  it('is what is left of a run that was removed, and usage counts all of it', async () => {
    const there = elsewhere()
    await within(there, async store => {
      await unarchive(store, file)
      mkdirSync(join(there, 'cache'))
      writeFileSync(join(there, 'cache', `${'0'.repeat(64)}.onnx`), '1234')
      const before = await usage(store)
      expect(before.runs[0].own).toBeGreaterThan(0)
      expect(before).toMatchObject({ shared: 0, unused: 4, cache: { graphs: 4 } })
      await store.removeRun(run)
      const found = await findGarbage(store)
      const { bytes, cache, objects } = await collectGarbage(store)
      expect(bytes).toBe(found.bytes)
      expect([cache.length, objects.length]).toEqual([1, found.objects.length])
      expect(await findGarbage(store)).toMatchObject({ bytes: 0, stages: [], objects: [], images: [], cache: [] })
      expect(await usage(store)).toMatchObject({ runs: [], unused: 0, cache: { graphs: 0 } })
    })
  })

  it('of the cache stays while another process has the store open', async () => {
    const there = elsewhere()
    await within(there, async store => {
      const path = join(there, 'cache', `${'0'.repeat(64)}.onnx`)
      await unarchive(store, file)
      const other = createStore(there)
      mkdirSync(join(there, 'cache'), { recursive: true })
      writeFileSync(path, '1234')
      expect(await collectGarbage(store)).toMatchObject({ cache: [], cacheInUse: true })
      other.close()
      expect(await collectGarbage(store)).toMatchObject({ cache: [{ path }], cacheInUse: false })
    })
  })
})
