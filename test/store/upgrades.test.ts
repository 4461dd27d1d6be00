import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MIGRATIONS } from '../../src/store/migrations.js'
import { openDatabase } from '../../src/store/sqlite.js'
import { createStore, openStore } from '../../src/store/store.js'
import { OLD_VERSIONS, unpackStore } from '../support/old-stores.js'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'epd-upgrades-'))
})

afterEach(() => {
  rmSync(root, { recursive: true })
})

const bytes = () => readFileSync(join(root, 'store.sqlite'))
const version = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) as unknown }) as unknown

it('there is a store of every earlier version', () => {
  expect(OLD_VERSIONS).toEqual(Array.from({ length: MIGRATIONS.length - 1 }, (_, i) => i + 1))
})

describe.each(OLD_VERSIONS)('a store of version %i', old => {
  it('is refused by who reads, who changes nothing', () => {
    unpackStore(old, root)
    const before = bytes()
    expect(() => openStore(root)).toThrow(version('store-version', new RegExp(`of version ${old}.*run an experiment`)))
    expect(bytes()).toEqual(before)
  })

  it('is brought up to date by who writes, with all that it held', () => {
    unpackStore(old, root)
    createStore(root).close()
    const store = openStore(root)
    try {
      const run = store.run('tiny')
      expect(run.status).toBe('finished')
      const stages = store.runStages(run.id)
      expect(stages.every(({ stage }) => stage?.status === 'finished')).toBe(true)
      expect(stages.every(({ key }) => store.damageOf(key) === undefined)).toBe(true)
      const scored = { samples: 'samples', metrics: { rmse: expect.closeTo(0.0128, 3) as unknown } }
      expect(store.results(run.id)).toMatchObject([scored, { samples: 'reference' }])
      expect(store.predictors()).toHaveLength(1)
      expect(store.importedPredictors().map(({ name }) => name)).toEqual(old > 1 ? ['own'] : [])
    } finally {
      store.close()
    }
  })
})

it('a store of a later version is refused, and nothing of it changes', () => {
  unpackStore(Math.max(...OLD_VERSIONS), root)
  const database = openDatabase(join(root, 'store.sqlite'))
  database.pragma(`user_version = ${MIGRATIONS.length + 1}`)
  database.close()
  const before = bytes()
  for (const open of [openStore, createStore])
    expect(() => open(root)).toThrow(
      expect.objectContaining({ code: 'store-version', wayOut: 'newer-version' }) as unknown
    )
  expect(bytes()).toEqual(before)
  expect(readdirSync(root).sort()).toEqual(['objects', 'store.sqlite'])
})
