import type { Format } from './format.js'
import { toTree } from './pickle-tree.js'
import { unpickle } from './pickle.js'
import { constructor, newReading } from './torch-values.js'

/** The first byte of a pickle of protocol 2 or newer. */
const PROTO = 0x80

/**
 * The beginnings of pickles of protocols 0 and 1, which have no mark of their own: a container, or a class by its name.
 */
const TEXTUAL =
  /^(\(([dlt](p\d|q|\.|[SVIK(])|i[\w.]+\n|c[\w.]+\n|[SV][^\n]*\n)|[\]}](p\d|q|\.|\()|c[\w.]+\r?\n\w[\w.]*\r?\n)/

/** A single pickle, as Python's pickle.dump and EDM's snapshots (.pkl) have it. */
export const PICKLE: Format = {
  name: 'a pickle',
  recognises: ({ bytes }) => bytes[0] === PROTO || TEXTUAL.test(bytes.toString('latin1', 0, 200)),
  read: ({ bytes }) => ({
    kind: 'tree',
    tree: toTree(unpickle(bytes, { construct: constructor(newReading()) }).value)
  })
}
