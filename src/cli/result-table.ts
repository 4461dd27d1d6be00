import { at } from '../reading/plain.js'
import { resultRows, usualColumns } from '../store/result-columns.js'
import type { Store } from '../store/store.js'
import { inColumns, paragraph } from './columns.js'

/** The results table of a run, if it has scores or samples, and what is to be known about it. */
export function resultLines(store: Store, runId: string): string[] {
  const results = store.results(runId)
  if (results.length === 0) return []
  const columns = usualColumns(results)
  const titles = columns.map(({ name }) => name)
  return ['', inColumns(titles, resultRows(results, columns)), ...biases(store, runId), ...floors(store, runId)]
}

/** How much too high each fid is that rests on few images. */
function biases(store: Store, runId: string): string[] {
  const stages = store.runStages(runId)
  const nameOf = (key: string) => stages.find(stage => stage.key === key)?.name ?? key
  const lines = stages.flatMap(({ key }) =>
    store.metrics(key).flatMap(({ name, samplesKey, count, details }) => {
      const bias = typeof details === 'object' && details !== null && 'bias' in details ? details.bias : undefined
      if (typeof bias !== 'number') return []
      return [
        paragraph(`${name} of ${nameOf(samplesKey)}: about ${bias.toPrecision(2)} too high, from ${count} images`)
      ]
    })
  )
  return lines.length > 0 ? ['', ...lines] : []
}

/** What a distance comes to between real images, which no sampler can be expected to fall below. */
function floors(store: Store, runId: string): string[] {
  const scores = store.runStages(runId).flatMap(({ key }) => store.metrics(key))
  const lines = scores.flatMap(({ name, details }) => {
    const floor = at(details, ['floor', 'value'])
    if (typeof floor !== 'number') return []
    return [paragraph(`${name} of ${String(at(details, ['floor', 'of']))}: ${floor.toPrecision(4)}`)]
  })
  return [...new Set(lines)]
}
