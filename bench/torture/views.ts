import { isDeepStrictEqual } from 'node:util'
import { EpdError } from '../../src/errors.js'
import { listPredictors } from '../../src/pipeline/predictors.js'
import { openStore, type Store } from '../../src/store/store.js'

/** What is seen of a store in each way of looking at it, or the error that is seen in its place. */
export type Views = ReadonlyMap<string, unknown>

/** An error that says what is wrong with a store. */
export class Noticed {
  constructor(readonly message: string) {}
}

const QUERIES = [
  'SELECT * FROM results',
  'SELECT * FROM runs ORDER BY created',
  'SELECT * FROM stages ORDER BY key',
  'SELECT * FROM run_stages ORDER BY run_id, position',
  'SELECT name, iteration, phase, step, sqrt(loss) FROM iterations JOIN run_stages USING (stage_key)',
  'SELECT name, sigmas FROM predictors JOIN run_stages USING (stage_key)',
  'SELECT name, kind, seconds FROM stages JOIN run_stages ON stage_key = key ORDER BY seconds DESC',
  'SELECT count(*) FROM artifacts',
  'SELECT name, samples_key, value FROM metrics ORDER BY stage_key, samples_key, name',
  'SELECT stage_key, position, seeds FROM shards ORDER BY stage_key, position',
  'SELECT name, source FROM imported_predictors',
  `SELECT tables.name, columns.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
     WHERE tables.type IN ('table', 'view') AND tables.name NOT LIKE 'sqlite_%'
     ORDER BY tables.type = 'table', tables.name, columns.cid`
]

/** Looks at a store as `ls`, `show`, `table`, `query` and `predictors` do. */
export function viewsOf(dir: string): Views {
  const views = new Map<string, unknown>()
  const look = (name: string, work: () => unknown) => {
    try {
      views.set(name, work())
    } catch (error) {
      views.set(name, error instanceof EpdError ? new Noticed(error.message) : error)
    }
  }
  const within = (name: string, work: (store: Store) => unknown) => {
    look(name, () => {
      const store = openStore(dir)
      try {
        return work(store)
      } finally {
        store.close()
      }
    })
  }
  within('ls', store => store.runs().map(run => [run, store.runStages(run.id)]))
  within('show', store =>
    store
      .runs()
      .map(({ id }) => [
        store.run(id),
        store.results(id),
        store
          .runStages(id)
          .map(({ key, ...stage }) => [
            stage,
            store.artifacts(key),
            store.shards(key),
            store.metrics(key),
            store.predictor(key),
            store.iterations(key)
          ])
      ])
  )
  within('learned', store => store.predictors())
  look('predictors', () => listPredictors(dir))
  for (const sql of QUERIES) within(sql, store => store.query(sql))
  return views
}

/** The ways of looking that show something else than they did, and do not say that anything is wrong. */
export function deceived(found: Views, before: Views): readonly string[] {
  return [...found].flatMap(([name, view]) => {
    if (view instanceof Noticed || isDeepStrictEqual(view, before.get(name))) return []
    return [view instanceof Error ? `${name} fails with ${view.message}` : `${name} shows something else`]
  })
}

export function isNoticed(views: Views): boolean {
  return [...views.values()].some(view => view instanceof Noticed)
}
