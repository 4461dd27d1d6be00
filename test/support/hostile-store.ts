import { encodeNpy } from '../../src/checkpoints/npy.js'
import { createStore, type WritableStore } from '../../src/store/store.js'
import { HOSTILE_VALUES } from './hostile-values.js'

const VALUES = Object.values(HOSTILE_VALUES)

/** Names of metrics that the views of SQL have as columns. */
const METRIC_NAMES = VALUES.slice(0, 8)

/**
 * Makes a store with two runs, `hostile-1` and `hostile-2`, in which every text is a hostile value: each names a sample
 * stage, its solver, its file, and a phase of a distillation.
 */
export function makeHostileStore(root: string): void {
  const store = createStore(root)
  try {
    for (const id of ['hostile-1', 'hostile-2']) makeRun(store, id)
  } finally {
    store.close()
  }
}

function makeRun(store: WritableStore, id: string): void {
  const keyOf = (name: string) => `${id} ${name} `.padEnd(64, '-')
  const stages = [...VALUES.map((name, i) => ({ name, key: keyOf(`samples ${i}`) }))]
  const all = [...stages, { name: 'score', key: keyOf('score') }, { name: 'student', key: keyOf('student') }]
  const words = VALUES.join(' ')
  store.beginRun({ id, name: id, description: words, file: words, spec: `name: ${id}`, overrides: VALUES }, all)
  stages.forEach(({ name, key }, i) => {
    stage(store, key, 'sample', { solver: { name, points: 2, base: name, schedule: { type: name } } }, name, claim => {
      const data = encodeNpy({ dtype: 'float32', shape: [1, 1], data: Float32Array.of(i) })
      const file = { name: 'samples', data, extension: 'npy', mediaType: 'application/x-npy' }
      store.putShard(claim, { position: 0, seeds: [i], nfe: 3, evaluations: 3, files: [file] })
    })
  })
  stage(store, keyOf('score'), 'score', {}, words, claim => {
    store.putMetrics(
      claim,
      stages.flatMap(({ name, key }, i) => [
        { samplesKey: key, name: 'rmse', value: 0.1 + i / 100, count: 1, details: { against: name } },
        ...(i === 0 ? METRIC_NAMES : []).map(metric => ({
          ...{ samplesKey: key, name: metric, value: -1.5, count: 1, details: {} }
        }))
      ])
    )
  })
  stage(store, keyOf('student'), 'distill', { student: { name: words } }, words, claim => {
    VALUES.forEach((phase, i) => {
      store.putIteration(claim, { iteration: i + 1, phase, loss: 1 / (i + 1), evaluations: i }, {})
    })
    store.putPredictor(claim, { predictor: {}, sigmas: [80, 1], loss: 1, validationLoss: null, evaluations: 1 })
  })
  store.endRun(id, 'failed', words)
}

function stage(
  store: WritableStore,
  key: string,
  kind: string,
  params: unknown,
  location: string,
  put: (claim: NonNullable<ReturnType<WritableStore['claim']>>) => void
): void {
  const claim = store.claim(key)
  if (!claim) throw new Error(`${key} is claimed`)
  const files = [{ location, kind: 'path', path: location, digest: location, bytes: 1 }]
  store.beginStage(claim, { kind, params, provenance: { files, model: { digest: location } } })
  put(claim)
  store.finishStage(claim, { nfe: 3, evaluations: 3, seconds: 1 })
  claim.release()
}
