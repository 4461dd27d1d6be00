import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import { openStore, type Store } from '../store/store.js'

/** A store that is kept open between requests. */
export interface HeldStore {
  /**
   * The store that is in the folder now: the one that is open, or another that has taken its place.
   * @throws EpdError as `openStore`
   */
  readonly now: () => Store
  readonly close: () => void
}

/** Opens a store and keeps it. @throws EpdError as `openStore` */
export function holdStore(dir: string): HeldStore {
  let [store, file] = [openStore(dir), fileIn(dir)]
  return {
    now() {
      if (fileIn(dir) === file) return store
      // Who still reads the one before goes on; it is closed once nobody does.
      const opened = openStore(dir)
      ;[store, file] = [opened, fileIn(dir)]
      return store
    },
    close() {
      store.close()
    }
  }
}

/** What is another once another database stands in the folder; where it can only be read, once it was written to. */
function fileIn(dir: string): string {
  const file = join(dir, 'store.sqlite')
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  if (!found) return ''
  const { dev, ino, size, mtimeNs } = found
  return `${dev} ${ino}${isWritable(dir) ? '' : ` ${size} ${mtimeNs}`}`
}

function isWritable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK)
    return true
  } catch {
    return false
  }
}
