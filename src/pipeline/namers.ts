import type { Store } from '../store/store.js'

/** The other runs whose specs name predictors of a run, by its id or, where it is the newest of its name, by that. */
export function namersOf(store: Store, id: string): string[] {
  const { name } = store.run(id)
  const names = store.find(name).id === id ? [id, name] : [id]
  const isNamed = (text: string) => names.some(one => text.includes(`predictor:${one}/`))
  return store
    .runs()
    .filter(run => run.id !== id && [run.spec, ...run.overrides].some(isNamed))
    .map(run => run.id)
}
