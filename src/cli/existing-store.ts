import { EpdError } from '../errors.js'
import { createStore, openStore, type WritableStore } from '../store/store.js'

/**
 * Opens a store that is there to work in it; one of an earlier version is brought up to date.
 * @throws EpdError `not-found` where there is none
 */
export function existingStore(dir: string): WritableStore {
  try {
    openStore(dir).close()
  } catch (error) {
    if (!(error instanceof EpdError && error.code === 'store-version')) throw error
  }
  return createStore(dir)
}
