import type { WritableStore } from '../store/store.js'
import { existingStore } from './existing-store.js'
import type { Flags } from './flags.js'
import { meantRun } from './found-run.js'
import { print, printJson } from './output.js'

/** Tags a run. */
export function tag(wanted: string, tags: readonly string[], flags: Flags): void {
  labelled(wanted, flags, (store, id) => {
    store.tag(id, tags)
  })
}

/** Takes tags off a run. */
export function untag(wanted: string, tags: readonly string[], flags: Flags): void {
  labelled(wanted, flags, (store, id) => {
    store.untag(id, tags)
  })
}

/** Notes something of a run. */
export function note(wanted: string, text: string, flags: Flags): void {
  labelled(wanted, flags, (store, id) => {
    store.note(id, text)
  })
}

/** Gives a run another name. */
export function rename(wanted: string, name: string, flags: Flags): void {
  labelled(wanted, flags, (store, id) => {
    store.rename(id, name)
  })
}

function labelled(
  wanted: string,
  { store: dir, json }: Flags,
  label: (store: WritableStore, id: string) => void
): void {
  const store = existingStore(dir)
  try {
    const id = meantRun(store, wanted)
    label(store, id)
    const { name, tags, note } = store.run(id)
    if (json) printJson({ run: id, name, tags, note })
    else
      print(
        [`${id}  ${name}`, ...(tags.length > 0 ? [`tags ${tags.join(' ')}`] : []), ...(note ? [note] : [])].join('\n')
      )
  } finally {
    store.close()
  }
}
