import { relative } from 'node:path'
import { collectGarbage, findGarbage, usage, type Garbage } from '../pipeline/garbage.js'
import { namersOf } from '../pipeline/namers.js'
import { openStore, type Sized, type Store } from '../store/store.js'
import { inColumns } from './columns.js'
import { existingStore } from './existing-store.js'
import type { Flags } from './flags.js'
import { onlyRun } from './found-run.js'
import { onInterrupt } from './interrupt.js'
import type { GarbageFlags } from './order-flags.js'
import { print, printJson, warn } from './output.js'
import { bytesInWords } from '../words.js'

/** Deletes the record of runs. All of them must be there and at rest, or none is deleted but those before. */
export async function remove(wanted: readonly string[], { store: dir, json }: Flags): Promise<void> {
  const store = existingStore(dir)
  try {
    const ids = [...new Set(wanted.map(one => onlyRun(store, one)))]
    for (const id of ids) {
      const namers = namersOf(store, id).filter(other => !ids.includes(other))
      if (namers.length > 0) warn(`predictors of ${id} are named by the specs of ${namers.join(', ')}`)
      await store.removeRun(id)
      if (!json) print(`removed ${id}`)
    }
    const { bytes } = await findGarbage(store)
    if (json) printJson({ removed: ids, unused: bytes })
    else if (bytes > 0) print(`epd-run gc${elsewhere(dir)} would free ${bytesInWords(bytes)} that nothing refers to`)
  } finally {
    store.close()
  }
}

/** Deletes what nothing refers to, or lists it. */
export async function collect({ store: dir, json, dryRun, downloads }: GarbageFlags): Promise<void> {
  if (dryRun) {
    await listGarbage(dir, { json, downloads })
    return
  }
  const store = existingStore(dir)
  const interrupt = onInterrupt(() => 'Interrupted; the next epd-run gc deletes the rest')
  try {
    const found = await collectGarbage(store, { downloads, signal: interrupt.signal })
    if (json) {
      printJson(listed(store, found))
      return
    }
    print(`freed ${bytesInWords(found.bytes)}: ${counts(found)}`)
    if (found.cacheInUse) print('the cache stays as it is, since other processes work in the store')
  } finally {
    interrupt.release()
    store.close()
  }
}

async function listGarbage(dir: string, { json, downloads }: Pick<GarbageFlags, 'json' | 'downloads'>): Promise<void> {
  const store = openStore(dir)
  try {
    const found = await findGarbage(store, { downloads })
    const { stages, files } = listed(store, found)
    if (json) {
      printJson({ stages, files, bytes: found.bytes })
      return
    }
    const rows = [
      ...stages.map(({ key, kind, bytes }) => [`${kind} ${key.slice(0, 12)}`, bytes, 'results that no run has']),
      ...files.map(({ path, bytes, what }) => [path, bytes, what])
    ]
    if (rows.length > 0) print(`${inColumns(['what', 'bytes', 'which is'], rows)}\n`)
    print(`would free ${bytesInWords(found.bytes)}: ${counts(found)}`)
  } finally {
    store.close()
  }
}

function listed({ root }: Store, { stages, objects, images, cache, bytes }: Garbage) {
  const from = (what: string, files: readonly Sized[]) =>
    files.map(({ path, bytes }) => ({ path: relative(root, path), bytes, what }))
  const files = [
    ...from('a file that no stage has left', objects),
    ...from('pictures of a run that is no more', images),
    ...from('a file of the cache that no run needs', cache)
  ]
  return { stages, files, bytes }
}

function counts({ stages, objects, images, cache }: Garbage): string {
  const count = (all: readonly unknown[], one: string, several: string) =>
    `${all.length.toLocaleString('en')} ${all.length === 1 ? one : several}`
  return [
    count(stages, 'result', 'results'),
    count(objects, 'file of results', 'files of results'),
    count(images, 'folder of pictures', 'folders of pictures'),
    count(cache, 'file of the cache', 'files of the cache')
  ].join(', ')
}

/** Prints what takes the room of a store, the largest run first. */
export async function room({ store: dir, json }: Flags): Promise<void> {
  const store = openStore(dir)
  try {
    const found = await usage(store)
    if (json) {
      printJson(found)
      return
    }
    const runs = [...found.runs].sort((a, b) => b.own + b.images - a.own - a.images)
    const rows = runs.map(({ run, own, shared, images }) => [run, ...[own, shared, images].map(bytesInWords)])
    const { graphs, prompts, downloads } = found.cache
    const whole = [
      ['shared by runs', found.shared],
      ['compiled graphs', graphs],
      ['encoded prompts', prompts],
      ['downloads', downloads],
      ['database', found.database],
      ['unreferenced', found.unused],
      ['all of the store', found.total]
    ] as const
    const sums = inColumns(
      ['what', 'bytes'],
      whole.map(([what, bytes]) => [what, bytesInWords(bytes)])
    )
    print([...(rows.length > 0 ? [inColumns(['run', 'its own', 'shared', 'images'], rows), ''] : []), sums].join('\n'))
  } finally {
    store.close()
  }
}

function elsewhere(dir: string): string {
  return dir === 'runs' ? '' : ` --store ${dir}`
}
