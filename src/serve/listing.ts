import type { Run, RunOverview, Store } from '../store/store.js'

/** All runs of a store, read once for as long as nothing changes there. */
export interface Listing {
  /** Those that changed last first. */
  readonly runs: readonly Run[]
  /** The same with what is counted of them. */
  readonly overviews: () => readonly RunOverview[]
}

/** Milliseconds for which a list is kept that has a run under way: whose process is gone is seen in no row. */
const LIVE = 1000

const known = new WeakMap<Store, { readonly changes: number; readonly until: number; readonly listing: Listing }>()

/** The runs of a store as they stand. */
export function listingOf(store: Store): Listing {
  const changes = store.changes()
  const before = known.get(store)
  if (before?.changes === changes && performance.now() < before.until) return before.listing
  const runs = store.runs()
  let counted: readonly RunOverview[] | undefined
  const listing = { runs, overviews: () => (counted ??= store.overviews(runs)) }
  const isLive = runs.some(({ status }) => status === 'running')
  known.set(store, { changes, until: isLive ? performance.now() + LIVE : Infinity, listing })
  return listing
}
