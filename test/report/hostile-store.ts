import { encodeNpy } from '../../src/checkpoints/npy.js'
import { createStore, type Claim, type WritableStore } from '../../src/store/store.js'
import { HOSTILE, HOSTILE_PAGES } from '../support/hostile-pages.js'

/** A store in which every text that a run may leave is hostile. Returns the id of its run. */
export function hostileStore(root: string): string {
  const store = createStore(root)
  try {
    // SQLite finds no row by a text with a NUL or half a pair.
    const id = `run-${Buffer.from(HOSTILE.replaceAll('\0', '')).toString()}`
    const names = HOSTILE_PAGES.map((value, i) => `${i}${value}@nfe=5,solver=${value}`)
    const stages = [...names, 'learner', 'score'].map(name => ({ name, key: `key of ${name}` }))
    const spec = `name: x\ndescription: ${HOSTILE}\n`
    store.beginRun({ id, name: HOSTILE, description: HOSTILE, file: HOSTILE, spec, overrides: [HOSTILE] }, stages)
    names.forEach((name, i) => {
      sampled(store, `key of ${name}`, HOSTILE_PAGES[i])
    })
    distilled(store)
    const scoring = begun(store, 'key of score', 'score')
    const metrics = names.map((name, i) => ({ samplesKey: `key of ${name}`, name: 'fid', value: 1 + i, count: 2 }))
    store.putMetrics(
      scoring,
      metrics.map(metric => ({ ...metric, details: { against: HOSTILE, bias: 0.5 } }))
    )
    store.finishStage(scoring, { evaluations: 0, seconds: 1 })
    scoring.release()
    store.endRun(id, 'failed', HOSTILE)
    return id
  } finally {
    store.close()
  }
}

function begun(store: WritableStore, key: string, kind: string, params: unknown = {}): Claim {
  const claim = store.claim(key)
  if (!claim) throw new Error(`${key} is held`)
  const provenance = {
    versions: { [HOSTILE]: HOSTILE },
    machine: { host: HOSTILE, cpu: HOSTILE },
    model: { checkpoint: HOSTILE, digest: HOSTILE, engine: HOSTILE, shape: [HOSTILE] },
    files: [{ location: HOSTILE, path: HOSTILE, digest: HOSTILE, bytes: 1, commit: HOSTILE }]
  }
  store.beginStage(claim, { kind, params, provenance })
  return claim
}

function sampled(store: WritableStore, key: string, value: string): void {
  const claim = begun(store, key, 'sample', { solver: { name: value, base: value, schedule: { type: value } } })
  const images = encodeNpy({ dtype: 'uint8', shape: [1, 2, 2, 3], data: new Uint8Array(12).fill(99) })
  const file = { name: 'images', data: images, extension: 'npy', mediaType: 'application/x-npy' }
  store.putShard(claim, { position: 0, seeds: [0], nfe: 5, evaluations: 5, files: [file] })
  store.finishStage(claim, { nfe: 5, evaluations: 5, seconds: 1 })
  claim.release()
}

function distilled(store: WritableStore): void {
  const claim = begun(store, 'key of learner', 'distill', { student: { name: HOSTILE } })
  const rows = HOSTILE_PAGES.map((phase, iteration) => ({
    iteration,
    phase,
    loss: 1 / (1 + iteration),
    evaluations: 1
  }))
  for (const row of rows) store.putIteration(claim, row, {})
  const found = { predictor: { [HOSTILE]: HOSTILE }, sigmas: [80, 1, 0.002], loss: 1, validationLoss: null }
  store.putPredictor(claim, { ...found, evaluations: 1 })
  store.finishStage(claim, { nfe: 5, evaluations: 1, seconds: 1 })
  claim.release()
}
