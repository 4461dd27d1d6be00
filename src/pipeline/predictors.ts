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

/** Which run a predictor was taken from that RUN/STAGE names by something else than the run's id. */
export interface TakenPredictor {
  readonly name: string
  readonly run: string
  /** Other runs of the name that have distilled one in a stage of that name too, newest first. */
  readonly others: readonly string[]
}

/**
 * A source of predictors for `loadExperiment`: those imported into the store in this folder, what its runs have
 * distilled (RUN/STAGE), and those published. There need be no store. Of several runs of a name, the newest is taken
 * that has distilled one in a stage of that name; `onTaken` is told which, once for each name.
 */
export function predictorsIn(dir: string, onTaken: (taken: TakenPredictor) => void = () => undefined): PredictorSource {
  const told = new Set<string>()
  const tell = (taken: TakenPredictor) => {
    if (!told.has(taken.name)) onTaken(taken)
    told.add(taken.name)
  }
  return {
    names: () => listPredictors(dir).map(({ name }) => name),
    get: name => publishedPredictors().get(name) ?? withStore(dir, store => stored(store, name, tell))
  }
}

/** A predictor by its name: one that is published, imported, or distilled (RUN/STAGE). @throws EpdError `not-found` */
export function predictorNamed(dir: string, name: string, onTaken?: (taken: TakenPredictor) => void): PredictorRecord {
  const found = predictorsIn(dir, onTaken).get(name)
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

function stored(store: Store, name: string, onTaken: (taken: TakenPredictor) => void): PredictorRecord | undefined {
  const imported = store.importedPredictor(name)
  if (imported) return parseRecord(imported.record, `${store.root}: ${name}`)
  const slash = name.lastIndexOf('/')
  const [wanted, stageName] = [name.slice(0, Math.max(slash, 0)), name.slice(slash + 1)]
  const fit = slash > 0 ? found(() => store.find(wanted)) : undefined
  if (!fit) return undefined
  const distilledIn = [fit.id, ...fit.others].flatMap(run => {
    const stage = store.runStages(run).find(each => each.name === stageName)
    const record = stage && distilled(store, stage.key, name)
    return record ? [{ run, record }] : []
  })
  const taken = distilledIn.at(0)
  if (!taken) return undefined
  if (taken.run !== wanted) onTaken({ name, run: taken.run, others: distilledIn.slice(1).map(({ run }) => run) })
  return taken.record
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
