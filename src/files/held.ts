import { statSync } from 'node:fs'
import { sep } from 'node:path'
import { EpdError } from '../errors.js'

/** A folder that is worked in and must stay what it is meanwhile. */
export interface Held {
  /** @throws EpdError `store-lost` once the folder was moved, deleted or replaced */
  readonly check: () => void
  /** Lets anything happen to the folder. */
  readonly release: () => void
}

/** What is checked of each folder that is held, by its absolute path. */
const held = new Map<string, () => void>()

/**
 * Holds a folder by a file in it, which tells the folder from another that is put in its place. Nothing is then made
 * in the folder once the file is gone or is another.
 */
export function hold(folder: string, file: string): Held {
  const first = identityOf(file)
  const check = () => {
    if (identityOf(file) === first) return
    throw new EpdError(
      'store-lost',
      `${folder}: the store was moved, deleted or replaced while it was in use; ` +
        'what was computed since then is not kept, run again'
    )
  }
  held.set(folder, check)
  return {
    check,
    release() {
      if (held.get(folder) === check) held.delete(folder)
    }
  }
}

/** Lets a folder be made anew that is no longer what it was when it was held. */
export function releaseLost(folder: string): void {
  try {
    held.get(folder)?.()
  } catch {
    held.delete(folder)
  }
}

/** @throws EpdError `store-lost` if the path is in a folder that is held and is no longer what it was */
export function checkHeld(path: string): void {
  for (const [folder, check] of held) if (path === folder || path.startsWith(folder + sep)) check()
}

/** The device and the number of a file; undefined where there is none. */
function identityOf(file: string): string | undefined {
  const info = statSync(file, { throwIfNoEntry: false, bigint: true })
  return info && `${info.dev} ${info.ino}`
}
