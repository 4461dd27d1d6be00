import { openStore } from '../../src/store/store.js'

/**
 * All that the latest run of a store leaves, but times: files by their digests, learned parameters, iterations, metrics
 * and counts.
 */
export function outcome(dir: string) {
  const store = openStore(dir)
  try {
    const [run] = store.runs()
    return {
      status: run.status,
      stages: store.runStages(run.id).map(({ name, key, stage }) => ({
        name,
        key,
        status: stage?.status,
        nfe: stage?.nfe,
        evaluations: stage?.evaluations,
        artifacts: store.artifacts(key),
        shards: store.shards(key),
        predictor: store.predictor(key),
        iterations: store.iterations(key),
        metrics: store.metrics(key)
      }))
    }
  } finally {
    store.close()
  }
}
