import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { METRICS } from '../../src/metrics/registry.js'
import { openDatabase } from '../../src/store/sqlite.js'
import { createStore, openStore, type Claim, type Store, type WritableStore } from '../../src/store/store.js'

let root: string
let store: WritableStore
const opened: { close(): void }[] = []

const create = () => {
  const one = createStore(root)
  opened.push(one)
  return one
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'epd-store-'))
  store = create()
})

afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

const run = { id: 'a-00000001', name: 'a', description: 'first', file: 'a.yaml', spec: 'name: a\n', overrides: ['x=1'] }

/** A stage that this process holds and has begun. */
function begun(key: string, kind = 'sample', params: unknown = {}): Claim {
  const claim = store.claim(key)
  if (!claim) throw new Error(`${key} is held`)
  store.beginStage(claim, { kind, params, provenance: { epdRun: '0' } })
  return claim
}

const file = (name: string, text: string) => ({
  name,
  data: Buffer.from(text),
  extension: 'txt',
  mediaType: 'text/plain'
})

const shard = (position: number, seeds: number[], text = `shard ${position}`) => ({
  position,
  seeds,
  nfe: 5,
  evaluations: 5 * seeds.length,
  files: [file('samples', text)]
})

const codeOf = (code: string) => expect.objectContaining({ code }) as unknown

describe('what is put', () => {
  it('is read again by another that opens the store', () => {
    store.beginRun(run, [{ name: 'samples', key: 'k1' }])
    const claim = begun('k1', 'sample', { solver: { name: 'epd' } })
    store.putShard(claim, shard(0, [3, 4]))
    store.putShard(claim, shard(1, [9]))
    const iteration = { iteration: 1, phase: 'step', step: 0, loss: 0.5, evaluations: 7, accepted: true, damping: 0.1 }
    store.putIteration(claim, iteration, { lambda: [1.5] })
    const predictor = {
      predictor: { points: 1 },
      sigmas: [80, 0.002],
      loss: 0.25,
      validationLoss: null,
      evaluations: 9
    }
    store.putPredictor(claim, predictor)
    store.putMetrics(claim, [{ samplesKey: 'k1', name: 'rmse', value: 0.125, count: 3, details: { of: 'x' } }])
    store.finishStage(claim, { nfe: 5, evaluations: 15, seconds: 1.5 })
    store.endRun(run.id, 'finished')

    const reader = openStore(root)
    opened.push(reader)
    expect(reader.run('a')).toMatchObject({ ...run, status: 'finished', error: null })
    expect(reader.runStages(run.id)).toMatchObject([
      { position: 0, name: 'samples', key: 'k1', stage: { kind: 'sample' } }
    ])
    expect(reader.stage('k1')).toMatchObject({
      params: { solver: { name: 'epd' } },
      provenance: { epdRun: '0' },
      ...{ status: 'finished', nfe: 5, evaluations: 15, seconds: 1.5 }
    })
    expect(reader.shards('k1')).toEqual([
      { position: 0, seeds: [3, 4], nfe: 5, evaluations: 10 },
      { position: 1, seeds: [9], nfe: 5, evaluations: 5 }
    ])
    expect(reader.artifacts('k1').map(one => reader.readArtifact(one).toString())).toEqual(['shard 0', 'shard 1'])
    expect(reader.iterations('k1')).toEqual([iteration])
    expect(store.iterationState('k1')).toEqual({ lambda: [1.5] })
    expect(reader.predictor('k1')).toEqual(predictor)
    expect(reader.isComplete('k1')).toBe(true)
    expect(reader.results()).toMatchObject([{ samples: 'samples', nfe: 5 }])
    expect(reader.metrics('k1')).toEqual([
      { samplesKey: 'k1', name: 'rmse', value: 0.125, count: 3, details: { of: 'x' } }
    ])
  })

  it('in a transaction that fails is not there', () => {
    const claim = begun('k1')
    expect(() => {
      store.transaction(() => {
        store.putShard(claim, shard(0, [1]))
        throw new Error('no')
      })
    }).toThrow('no')
    expect(store.shards('k1')).toEqual([])
    expect(store.artifacts('k1')).toEqual([])
  })

  it('keeps numbers to the last bit', () => {
    const claim = begun('k1')
    const sigmas = [80, Math.PI, 1e-300, 0.1 + 0.2]
    store.putPredictor(claim, {
      predictor: [Number.MIN_VALUE],
      sigmas,
      loss: 1 / 3,
      validationLoss: 2 / 3,
      evaluations: 1
    })
    expect(store.predictor('k1')).toMatchObject({
      predictor: [Number.MIN_VALUE],
      sigmas,
      loss: 1 / 3,
      validationLoss: 2 / 3
    })
  })

  it('keeps the state of the newest iteration alone', () => {
    const claim = begun('k1', 'distill')
    for (const iteration of [1, 2])
      store.putIteration(claim, { iteration, phase: 'step', loss: 1, evaluations: 1 }, { iteration })
    expect(store.iterationState('k1')).toEqual({ iteration: 2 })
    expect(store.query("SELECT count(*) FROM iterations WHERE state = 'null'").rows).toEqual([[1]])
  })

  it('is refused where a loss is not a number', () => {
    const claim = begun('k1')
    expect(() => {
      store.putIteration(claim, { iteration: 1, phase: 'p', loss: NaN, evaluations: 1 }, {})
    }).toThrow(codeOf('model-output'))
  })

  it.each([NaN, Infinity, -Infinity])('is refused where a metric is %d, and none of those beside it is kept', value => {
    store.beginRun(run, [
      { name: 'euler', key: 'k0' },
      { name: 'score', key: 'k1' }
    ])
    const claim = begun('k1', 'score')
    const put = (samplesKey: string) => {
      const of = { samplesKey, count: 1, details: {} }
      store.putMetrics(claim, [
        { ...of, name: 'psnr', value: 20 },
        { ...of, name: 'rmse', value }
      ])
    }
    expect(() => {
      put('k0')
    }).toThrow(codeOf('model-output'))
    expect(() => {
      put('k0')
    }).toThrow(`rmse of euler in stage score is ${value}`)
    expect(store.metrics('k1')).toEqual([])
  })
})

describe('a run', () => {
  it('started again is the same run, with its stages anew', () => {
    store.beginRun(run, [{ name: 'x', key: 'k1' }])
    store.endRun(run.id, 'failed', 'broken')
    store.beginRun({ ...run, description: 'second' }, [{ name: 'y', key: 'k2' }])
    expect(store.runs()).toMatchObject([{ description: 'second', status: 'running', error: null, finished: null }])
    expect(store.runStages(run.id)).toMatchObject([{ name: 'y', key: 'k2', stage: null }])
  })

  it('is found by id, by name (the newest), and by the beginning of one id', () => {
    store.beginRun(run, [])
    store.beginRun({ ...run, id: 'a-00000002' }, [])
    store.beginRun({ ...run, id: 'b-00000003', name: 'b' }, [])
    expect(store.run('a-00000001').id).toBe('a-00000001')
    expect(store.run('a').id).toBe('a-00000002')
    expect(store.run('b-0').id).toBe('b-00000003')
    expect(() => store.run('a-')).toThrow(/several runs .*a-00000002, a-00000001/)
    expect(() => store.run('c')).toThrow(codeOf('not-found'))
  })
})

describe('a stage', () => {
  it('is complete once it is finished, for as long as its files are there in full', () => {
    const claim = begun('k1')
    store.putShard(claim, shard(0, [1]))
    expect(store.isComplete('k1')).toBe(false)
    store.finishStage(claim, { evaluations: 5, seconds: 1 })
    expect(store.isComplete('k1')).toBe(true)
    writeFileSync(store.artifactPath(store.artifacts('k1')[0]), 'cut')
    expect(store.isComplete('k1')).toBe(false)
  })

  it('that is forgotten takes all that it left with it', () => {
    const claim = begun('k1')
    store.putShard(claim, shard(0, [1]))
    store.putMetrics(claim, [{ samplesKey: 'k', name: 'rmse', value: 1, count: 1, details: {} }])
    store.forgetStage('k1')
    for (const rows of [store.shards('k1'), store.artifacts('k1'), store.metrics('k1')]) expect(rows).toEqual([])
    expect(store.stage('k1')).toBeUndefined()
  })

  it('adds up the time of its attempts', () => {
    const claim = begun('k1')
    store.addSeconds(claim, 2)
    store.finishStage(claim, { evaluations: 1, seconds: 3 })
    expect(store.stage('k1')?.seconds).toBe(5)
  })
})

describe('a stored file', () => {
  const only = () => store.artifacts('k1')[0]
  const path = () => store.artifactPath(only())

  beforeEach(() => {
    store.putShard(begun('k1'), shard(0, [1], 'content'))
  })

  it('lies under the digest of its content', () => {
    expect(only().digest).toBe('ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73')
    expect(path()).toBe(join(root, 'objects', 'ed', `${only().digest}.txt`))
  })

  it('of the same content exists once', () => {
    store.putShard(begun('k2'), shard(0, [1], 'content'))
    expect(readdirSync(join(root, 'objects', 'ed'))).toHaveLength(1)
  })

  it('that has changed is not read, and is mended by what writes it again', () => {
    writeFileSync(path(), 'CONTENT')
    expect(() => store.readArtifact(only())).toThrow(/a stored file has changed; move it away and run again/)
    expect(store.damageOf('k1')).toBe(path())
    store.putShard(begun('k2'), shard(0, [1], 'content'))
    expect(store.readArtifact(only()).toString()).toBe('content')
  })

  it('that is gone is said to be missing', () => {
    rmSync(path())
    expect(() => store.readArtifact(only())).toThrow(codeOf('store-corrupt'))
  })

  it('leaves nothing half written behind', () => {
    expect(readdirSync(join(root, 'objects', 'tmp'))).toEqual([])
  })
})

describe('the view results', () => {
  const metric = (name: string, value: number) => ({ samplesKey: 'k1', name, value, count: 2, details: {} })

  function scored(key: string, rmse: number) {
    const claim = begun(key, 'score')
    store.putMetrics(claim, [metric('rmse', rmse), metric('psnr', 20), metric('frechet-pixels', 7)])
    store.finishStage(claim, { evaluations: 0, seconds: 1 })
  }

  beforeEach(() => {
    const stages = ['samples k1', 'near k2', 'far k3'].map(pair => pair.split(' '))
    store.beginRun(
      run,
      stages.map(([name, key]) => ({ name, key }))
    )
    const solver = { name: 'epd', points: 2, base: 'ipndm', afs: true, schedule: { type: 'time_uniform' } }
    const claim = begun('k1', 'sample', { solver })
    store.putShard(claim, shard(0, [1, 2]))
    store.putShard(claim, shard(1, [3]))
    store.finishStage(claim, { nfe: 5, evaluations: 15, seconds: 1.234 })
  })

  const row = {
    ...{ experiment: 'a', samples: 'samples', key: 'k1', run: run.id, seconds: 1.23 },
    ...{ solver: 'epd', points: 2, base: 'ipndm', afs: true, schedule: 'time_uniform', learnedSteps: false },
    ...{ nfe: 5, images: 3, evaluations: 15 }
  }

  it('has a row for samples that nothing has scored', () => {
    expect(store.results()).toEqual([
      {
        ...row,
        score: null,
        metrics: {}
      }
    ])
  })

  it('has a row for each stage that scored them, so that values of two references never mix', () => {
    scored('k2', 0.1)
    scored('k3', 0.4)
    expect(store.results()).toEqual([
      {
        ...row,
        score: 'near',
        metrics: { rmse: 0.1, psnr: 20, 'frechet-pixels': 7 }
      },
      {
        ...row,
        score: 'far',
        metrics: { rmse: 0.4, psnr: 20, 'frechet-pixels': 7 }
      }
    ])
  })

  const columns = (of: Pick<Store, 'query'>) => of.query('SELECT * FROM results').columns

  it('has a column for each metric, and one for any other that was scored', () => {
    const metrics = METRICS.map(({ name }) => name.replaceAll('-', '_'))
    expect(columns(store)).toEqual([
      ...['experiment', 'samples', 'solver', 'points', 'base', 'afs', 'schedule'],
      ...['learned_steps', 'nfe', 'images', 'evaluations'],
      ...['score', ...metrics, 'seconds', 'run']
    ])
    store.putMetrics(begun('k2', 'score'), [metric('my-own', 3), metric('rmse', 0.1), metric('nfe', 4)])
    expect(columns(store)).toContain('my_own')
    expect(store.query('SELECT my_own, rmse, nfe FROM results').rows).toEqual([[3, 0.1, 5]])
    expect(store.results()).toMatchObject([{ nfe: 5, metrics: { 'my-own': 3, rmse: 0.1, nfe: 4 } }])
  })

  it('of another version is not what is read, and is made anew where the store is written', () => {
    scored('k2', 0.1)
    const database = openDatabase(join(root, 'store.sqlite'))
    const stored = () => database.prepare('SELECT * FROM results').all()
    database.exec('DROP VIEW results; CREATE VIEW results AS SELECT 1 AS fid')
    const reader = openStore(root)
    opened.push(reader)
    expect(columns(reader)).toContain('frechet_pixels')
    expect(reader.results()).toMatchObject([{ score: 'near', metrics: { rmse: 0.1 } }])
    expect(stored()).toEqual([{ fid: 1 }])
    opened.push(createStore(root))
    expect(stored()).toMatchObject([{ rmse: 0.1 }])
    database.close()
  })

  it('shows a stage that two runs share in both', () => {
    store.beginRun({ ...run, id: 'b-00000001', name: 'b' }, [{ name: 'other', key: 'k1' }])
    expect(store.results().map(({ experiment, samples }) => `${experiment} ${samples}`)).toEqual([
      'a samples',
      'b other'
    ])
  })
})

describe('query', () => {
  it('reads with the names of its columns', () => {
    store.beginRun(run, [])
    expect(store.query('SELECT id, 1 AS one, NULL AS none FROM runs')).toEqual({
      columns: ['id', 'one', 'none'],
      rows: [[run.id, 1, null]]
    })
  })

  it.each([
    'DELETE FROM runs',
    'CREATE TABLE x (y)',
    "ATTACH '/tmp/other.sqlite' AS other",
    'SELECT nothing',
    'SELECT 1; SELECT 2'
  ])('refuses %s', sql => {
    expect(() => store.query(sql)).toThrow(codeOf('query-failed'))
  })
})

describe('a row that has changed', () => {
  let samples: Claim

  /** Changes the database behind the store's back. */
  function behind(sql: string): void {
    const database = openDatabase(join(root, 'store.sqlite'))
    database.pragma('foreign_keys = OFF')
    expect(database.prepare(sql).run().changes).toBeGreaterThan(0)
    database.close()
  }

  beforeEach(() => {
    store.beginRun(run, [
      { name: 'samples', key: 'k1' },
      { name: 'student', key: 'k2' },
      { name: 'score', key: 'k3' }
    ])
    samples = begun('k1', 'sample', { solver: { name: 'epd', points: 2 } })
    store.putShard(samples, shard(0, [1, 2]))
    store.finishStage(samples, { nfe: 5, evaluations: 10, seconds: 1 })
    const student = begun('k2', 'distill')
    for (const iteration of [1, 2])
      store.putIteration(student, { iteration, phase: 'step', loss: 1 / iteration, evaluations: 7 }, { lambda: [1.5] })
    const learned = { predictor: { r: [0.25] }, sigmas: [80, 0.002], loss: 0.5, validationLoss: 0.75, evaluations: 9 }
    store.putPredictor(student, learned)
    store.finishStage(student, { evaluations: 14, seconds: 1 })
    const score = begun('k3', 'score')
    store.putMetrics(score, [{ samplesKey: 'k1', name: 'rmse', value: 0.125, count: 2, details: { of: 'x' } }])
    store.finishStage(score, { evaluations: 0, seconds: 1 })
    store.putImported('mine', { name: 'mine', learned: 1 }, '/mine.json')
  })

  const changes = {
    metrics: ['value = 0.12500000000000003', "name = 'fid'", "samples_key = 'k2'", 'count = 3', "details = '{}'"],
    predictors: [
      ...[
        `predictor = '{"r":[0.26]}'`,
        "sigmas = '[80,0.003]'",
        'loss = 0.25',
        'validation_loss = NULL',
        'evaluations = 8'
      ]
    ],
    iterations: ['loss = loss + 1', "state = '{}'", 'accepted = 1'],
    shards: ["seeds = '[1,3]'", 'nfe = 4', 'position = 1'],
    artifacts: ["digest = 'ab'", 'position = 1', "name = 'images'", 'size = 1']
  }
  const readers = {
    metrics: () => store.metrics('k3'),
    predictors: () => store.predictor('k2'),
    iterations: () => store.iterations('k2'),
    shards: () => store.shards('k1'),
    artifacts: () => store.artifacts('k1')
  }
  const tables = Object.keys(readers) as (keyof typeof readers)[]

  it.each(tables.flatMap(table => changes[table].map(set => [table, set] as const)))(
    'of %s (%s) is refused by name, and its stage is not complete any more',
    (table, set) => {
      const [[key]] = store.query(`SELECT stage_key FROM ${table}`).rows.map(row => row.map(String))
      expect(store.isComplete(key)).toBe(true)
      behind(`UPDATE ${table} SET ${set}`)
      const named = new RegExp(`stage ${key} is not what was written; run its experiment again`)
      expect(readers[table]).toThrow(named)
      expect(readers[table]).toThrow(codeOf('store-corrupt'))
      expect(() => store.query(`SELECT * FROM ${table.toUpperCase()}`)).toThrow(named)
      expect(store.isComplete(key)).toBe(false)
      expect(store.damageOf(key)).toContain(`stage ${key}`)
    }
  )

  it.each(tables)('of %s that is gone makes its stage incomplete', table => {
    const [[key]] = store.query(`SELECT stage_key FROM ${table}`).rows
    behind(`DELETE FROM ${table} WHERE rowid = (SELECT max(rowid) FROM ${table})`)
    expect(store.isComplete(String(key))).toBe(false)
    store.forgetStage(String(key))
    expect(store.damageOf(String(key))).toBeUndefined()
  })

  it.each(["params = '{}'", "provenance = '[]'", 'nfe = 6', "status = 'running'", "kind = 'score'"])(
    'of stages (%s) is refused, and no later change makes it good',
    set => {
      behind(`UPDATE stages SET ${set} WHERE key = 'k1'`)
      expect(() => store.stage('k1')).toThrow(/the stage k1 is not what was written/)
      expect(() => store.results(run.id)).toThrow(/the stage k1 is not what was written/)
      expect(() => {
        store.addSeconds(samples, 1)
      }).toThrow(codeOf('store-corrupt'))
      expect(store.isComplete('k1')).toBe(false)
      expect(store.stage('k2')).toMatchObject({ kind: 'distill' })
    }
  )

  it('of scores keeps them out of the results of its run alone', () => {
    store.beginRun({ ...run, id: 'b-00000001', name: 'b' }, [{ name: 'other', key: 'k1' }])
    behind('UPDATE metrics SET value = 0.1')
    expect(() => store.results(run.id)).toThrow(/the metric rmse of stage k3/)
    expect(() => store.results()).toThrow(/the metric rmse of stage k3/)
    expect(() => store.query('SELECT * FROM results')).toThrow(/the metric rmse of stage k3/)
    expect(store.results('b-00000001')).toMatchObject([{ samples: 'other', metrics: {} }])
  })

  it('of runs is refused, and written anew by running it again', () => {
    store.beginRun({ ...run, id: 'b-00000001', name: 'b' }, [])
    behind("UPDATE runs SET spec = 'name: x' WHERE name = 'a'")
    expect(() => store.run('a')).toThrow(/the run a-00000001 is not what was written; run a.yaml again/)
    expect(store.run('b')).toMatchObject({ spec: run.spec })
    store.beginRun(run, [])
    expect(store.run('a')).toMatchObject(run)
  })

  it.each(["status = 'failed'", "error = 'no'", "created = '2020'", "updated = '2020'", "finished = '2020'"])(
    'of how a run stands (%s) is refused, and no later change makes it good',
    set => {
      behind(`UPDATE runs SET ${set}`)
      expect(() => store.runs()).toThrow(/the run a-00000001 is not what was written/)
      expect(() => store.query('SELECT status FROM runs')).toThrow(codeOf('store-corrupt'))
      expect(() => {
        store.endRun(run.id, 'finished')
      }).toThrow(codeOf('store-corrupt'))
      store.beginRun(run, [])
      expect(store.run('a')).toMatchObject({ status: 'running', error: null, finished: null })
      expect(store.run('a').created).not.toBe('2020')
    }
  )

  it('of imported predictors is refused, and takes nothing from the others', () => {
    store.putImported('other', { name: 'other' }, '/other.json')
    behind(`UPDATE imported_predictors SET record = '{"name":"mine","learned":2}' WHERE name = 'mine'`)
    expect(() => store.importedPredictor('mine')).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/the imported predictor mine is not what was written$/) as unknown,
        ...{ code: 'store-corrupt', wayOut: 'import-again', subject: '/mine.json' }
      })
    )
    expect(store.importedPredictor('other')).toMatchObject({ record: { name: 'other' } })
    store.putImported('mine', { name: 'mine', learned: 1 }, '/mine.json')
    expect(store.importedPredictor('mine')).toMatchObject({ record: { name: 'mine', learned: 1 } })
  })

  it('of an iteration is not continued from', () => {
    behind('UPDATE iterations SET state = \'{"lambda":[1.25]}\' WHERE iteration = 2')
    expect(() => store.iterationState('k2')).toThrow(/iteration 2 of stage k2 is not what was written/)
  })
})

describe('a database', () => {
  const other = (sql: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'epd-store-'))
    const database = openDatabase(join(folder, 'store.sqlite'))
    database.exec(sql)
    database.close()
    return folder
  }

  it('of a newer version is opened neither to write nor to read, and is left as it was', () => {
    const newer = other('PRAGMA user_version = 99; CREATE TABLE future (x)')
    expect(() => createStore(newer)).toThrow(codeOf('store-version'))
    expect(() => openStore(newer)).toThrow(codeOf('store-version'))
    const database = openDatabase(join(newer, 'store.sqlite'), { readonly: true })
    opened.push(database)
    expect(database.prepare('SELECT name FROM sqlite_master').pluck().all()).toEqual(['future'])
  })

  it('of version 1 is brought up to date with all that it holds', () => {
    const old = other(readFileSync('test/fixtures/store-1.sql', 'utf8'))
    expect(() => openStore(old)).toThrow(codeOf('store-version'))
    const migrated = createStore(old)
    opened.push(migrated)
    expect(migrated.run('old')).toMatchObject({ description: 'of version 1', overrides: ['a=1'], allowMismatch: false })
    expect(migrated.results()).toMatchObject([{ samples: 'samples', points: 2, base: 'ipndm', nfe: 5, images: 2 }])
    expect(migrated.isComplete('k1')).toBe(true)
    const database = openDatabase(join(old, 'store.sqlite'))
    database.exec("UPDATE shards SET seeds = '[1,3]'")
    database.close()
    expect(migrated.isComplete('k1')).toBe(false)
    expect(() => migrated.results()).toThrow(/shard 0 of stage k1 is not what was written/)
  })

  it('of no bytes, that is no database, or that lacks a table is refused with a way out', () => {
    const folder = mkdtempSync(join(tmpdir(), 'epd-store-'))
    const [path, fault] = [join(folder, 'store.sqlite'), (code: string) => expect.objectContaining({ code }) as unknown]
    writeFileSync(path, '')
    expect(() => openStore(folder)).toThrow(fault('not-found'))
    createStore(folder).close()
    const database = openDatabase(path)
    database.exec('DROP VIEW results; DROP TABLE shards')
    database.close()
    expect(() => openStore(folder)).toThrow(/is damaged \(the columns of the table shards\)/)
    writeFileSync(path, 'words')
    expect(() => openStore(folder)).toThrow(fault('store-corrupt'))
  })

  it('whose path leads nowhere is refused in one sentence', () => {
    writeFileSync(join(root, 'file'), '')
    symlinkSync('loop', join(root, 'loop'))
    const failures = { 'file/x': /a part of its path is a file, not a folder/, loop: /leads through links in a circle/ }
    for (const open of [openStore, createStore])
      for (const [path, sentence] of Object.entries(failures)) expect(() => open(join(root, path))).toThrow(sentence)
  })

  it("that is another program's is left alone", () => {
    expect(() => createStore(other('CREATE TABLE bookmarks (url)'))).toThrow(/another program's database/)
  })

  it('with rows that this program did not write is said to be changed', () => {
    store.beginRun(run, [])
    const database = openDatabase(join(root, 'store.sqlite'))
    opened.push(database)
    database.exec("UPDATE runs SET overrides = 'no list'")
    expect(() => store.runs()).toThrow(/the run a-00000001 is not what was written; run a.yaml again/)
  })

  it('keeps its references whole', () => {
    const claim = begun('k1')
    store.forgetStage('k1')
    expect(() => {
      store.putShard(claim, shard(0, [1]))
    }).toThrow(/FOREIGN KEY/)
  })
})
