import { EpdError } from '../errors.js'
import { publishedPredictors } from '../predictors/published.js'
import { parseRecord } from '../predictors/record.js'
import { SOLVERS } from '../solvers/registry.js'
import type { PredictorRecord, PredictorSource } from '../predictors/record.js'
import { child } from '../reading/plain.js'
import { openStore, type Store } from '../store/store.js'

/** A predictor that can be used by its name. */
export interface NamedPredictor {
  /** The name that a spec writes after `predictor:`. */
  readonly name: string
  readonly origin: 'imported' | 'distilled' | 'published'
  readonly record: PredictorRecord
}

/**
 * A source of predictors for `loadExperiment`: those imported into the store in this folder, what its runs have
 * distilled (RUN/STAGE), and those published. There need be no store.
 */
export function predictorsIn(dir: string): PredictorSource {
  return {
    names: () => listPredictors(dir).map(({ name }) => name),
    get: name => publishedPredictors().get(name) ?? withStore(dir, store => stored(store, name))
  }
}

/** A predictor by its name: one that is published, imported, or distilled (RUN/STAGE). @throws EpdError `not-found` */
export function predictorNamed(dir: string, name: string): PredictorRecord {
  const found = predictorsIn(dir).get(name)
  if (found) return found
  throw new EpdError('not-found', `no predictor "${name}" is imported, published, or distilled (RUN/STAGE)`, {
    wayOut: 'list-predictors'
  })
}

/**
 * Lists every predictor that a spec can name: those imported into the store in this folder, those that its runs have
 * distilled, and the published ones.
 */
export function listPredictors(dir: string): NamedPredictor[] {
  const own = withStore(dir, store => [
    ...store.importedPredictors().map(({ name, record }) => {
      return { name, origin: 'imported' as const, record: parseRecord(record, `${store.root}: ${name}`) }
    }),
    ...store.runs().flatMap(run =>
      store.runStages(run.id).flatMap(stage => {
        const name = `${run.id}/${stage.name}`
        const record = distilled(store, stage.key, name)
        return record ? [{ name, origin: 'distilled' as const, record }] : []
      })
    )
  ])
  const published = [...publishedPredictors()].map(([name, record]) => ({ name, origin: 'published' as const, record }))
  return [...(own ?? []), ...published]
}

function stored(store: Store, name: string): PredictorRecord | undefined {
  const imported = store.importedPredictor(name)
  if (imported) return parseRecord(imported.record, `${store.root}: ${name}`)
  const slash = name.lastIndexOf('/')
  const run = slash > 0 ? found(() => store.run(name.slice(0, slash))) : undefined
  const stage = run && store.runStages(run.id).find(each => each.name === name.slice(slash + 1))
  return stage && distilled(store, stage.key, name)
}

/** What a finished distill stage has found, with what it was found for. @throws EpdError `predictor-invalid` */
export function distilled(store: Store, key: string, name: string): PredictorRecord | undefined {
  const stage = store.stage(key)
  const row = store.predictor(key)
  if (stage?.kind !== 'distill' || stage.status !== 'finished' || !row) return undefined
  const [solver, model] = [child(stage.params, 'student'), child(stage.provenance, 'model')]
  // What was distilled for a plugin's solver is only of use in a spec that has the plugin, by the stage's name.
  if (!SOLVERS.some(({ name: known }) => known === child(solver, 'name'))) return undefined
  const value = { name: name.replaceAll('/', '-'), solver, learned: row.predictor, model }
  return parseRecord(value, `${store.root}: ${name}`)
}

/** Undefined where there is no store yet. */
function withStore<T>(dir: string, read: (store: Store) => T): T | undefined {
  const store = found(() => openStore(dir))
  try {
    return store && read(store)
  } finally {
    store?.close()
  }
}

function found<T>(get: () => T): T | undefined {
  try {
    return get()
  } catch (error) {
    if (error instanceof EpdError && error.code === 'not-found') return undefined
    throw error
  }
}
