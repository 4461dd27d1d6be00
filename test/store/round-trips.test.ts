import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { createStore, openStore } from '../../src/store/store.js'

const root = mkdtempSync(join(tmpdir(), 'epd-store-'))
const store = createStore(root)
let stages = 0

afterAll(() => {
  store.close()
})

function begun(params: unknown = {}) {
  const key = `k${++stages}`
  const claim = store.claim(key)
  if (!claim) throw new Error(`${key} is held`)
  store.beginStage(claim, { kind: 'sample', params, provenance: {} })
  return { key, claim }
}

/** What a process finds that opens the store later. */
function reread<T>(read: (reader: ReturnType<typeof openStore>) => T): T {
  const reader = openStore(root)
  try {
    return read(reader)
  } finally {
    reader.close()
  }
}

const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0)
const count = fc.nat({ max: 2 ** 31 })

it('parameters of a stage come back as JSON does', () => {
  fc.assert(
    fc.property(fc.jsonValue(), params => {
      const { key } = begun(params)
      expect(reread(reader => reader.stage(key)?.params)).toEqual(JSON.parse(JSON.stringify(params)))
    }),
    { numRuns: 15 }
  )
})

it('metrics come back to the bit, whatever they are called', () => {
  const metric = fc.record({
    name: fc.string({ minLength: 1 }),
    value: number,
    count,
    details: fc.dictionary(fc.string(), number)
  })
  fc.assert(
    fc.property(fc.uniqueArray(metric, { selector: one => one.name, minLength: 1, maxLength: 4 }), metrics => {
      const { key, claim } = begun()
      const put = metrics.map(one => ({ ...one, samplesKey: key }))
      store.putMetrics(claim, put)
      const found = reread(reader => reader.metrics(key))
      expect(new Map(found.map(one => [one.name, one]))).toEqual(new Map(put.map(one => [one.name, plain(one)])))
    }),
    { numRuns: 15 }
  )
})

it('learned parameters and the state of an optimiser come back to the bit', () => {
  const table = fc.array(fc.array(number, { maxLength: 4 }), { maxLength: 4 })
  fc.assert(
    fc.property(table, fc.array(number), number, count, (r, sigmas, loss, evaluations) => {
      const { key, claim } = begun()
      const learned = { predictor: { r }, sigmas, loss, validationLoss: null, evaluations }
      store.putPredictor(claim, learned)
      store.putIteration(
        claim,
        { iteration: 1, phase: 'step', step: 0, loss, evaluations, accepted: true, damping: 1 },
        { r }
      )
      expect([reread(reader => reader.predictor(key)), store.iterationState(key)]).toEqual([plain(learned), { r }])
    }),
    { numRuns: 15 }
  )
})

it('shards come back with their seeds and their files', () => {
  const seeds = fc.uniqueArray(fc.nat({ max: 2 ** 53 - 1 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(fc.array(fc.tuple(seeds, fc.uint8Array({ maxLength: 50 })), { minLength: 1, maxLength: 4 }), shards => {
      const { key, claim } = begun()
      for (const [position, [list, data]] of shards.entries()) {
        const files = [{ name: 'samples', data: Buffer.from(data), extension: 'bin', mediaType: 'application/x' }]
        store.putShard(claim, { position, seeds: list, nfe: 5, evaluations: 5 * list.length, files })
      }
      const found = reread(reader => ({
        seeds: reader.shards(key).map(shard => shard.seeds),
        bytes: reader.artifacts(key).map(one => [...reader.readArtifact(one)])
      }))
      expect(found).toEqual({ seeds: shards.map(([list]) => list), bytes: shards.map(([, data]) => [...data]) })
    }),
    { numRuns: 10 }
  )
})

/** Without the prototype-less objects that fast-check makes. */
function plain<T>(value: T): T {
  return structuredClone(value)
}
