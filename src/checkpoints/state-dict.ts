import { firstNames } from '../first-names.js'
import { withOrigin } from './origin.js'
import {
  isFloating,
  isList,
  isMap,
  isObject,
  isTensor,
  field,
  type TaggedObject,
  type Tensor,
  type Tree
} from './tensor.js'

export type Tensors = ReadonlyMap<string, Tensor>

/** A network's weights somewhere in a file. */
export interface Candidate {
  /** The keys that lead to it; none for the file itself. */
  readonly path: readonly string[]
  readonly tensors: Tensors
  /** The module that keeps them, where they are kept by one. */
  readonly module?: TaggedObject
  /** Weights among them that are of a kind that cannot be read, with what they are. */
  readonly strange: ReadonlyMap<string, string>
}

/** Dictionaries within dictionaries that weights are looked for in. */
const MAX_DEPTH = 3
/** The keys of an optimizer's states, which have the names of weights, too. */
const OPTIMIZER = /^opt(im(i[sz]ers?)?)?(_?states?(_dict)?)?$/i
/** The number of values that are looked at in one file. */
const MAX_LOOKS = 100_000

/**
 * All that may be a network's weights in a file: dictionaries of tensors whose names have dots, as those of layers
 * within a module have, and saved modules. A dictionary of other names is one only if nothing else is there.
 * @param modules the tensors of a saved module
 */
export function candidates(tree: Tree, modules: (module: TaggedObject) => Tensors): readonly Candidate[] {
  const found: Candidate[] = []
  const plain: Candidate[] = []
  const seen = new Set<Tree>()
  const look = (value: Tree, path: readonly string[]) => {
    if (seen.has(value) || seen.size > MAX_LOOKS) return
    if (typeof value === 'object' && value !== null) seen.add(value)
    if (isObject(value) && isModule(value)) {
      const tensors = modules(value)
      if (tensors.size > 0) found.push({ path, tensors, module: value, strange: new Map() })
      return
    }
    const entries = entriesOf(value)
    if (!entries) return
    const tensors = weightsIn(entries)
    const isNetwork = [...tensors.keys()].some(name => name.includes('.'))
    const strange = strangeIn(entries)
    if (isNetwork || strange.size > 0) found.push({ path, tensors: withoutCounters(tensors), strange })
    else if (tensors.size > 0 && path.length === 0) plain.push({ path, tensors, strange })
    if (path.length < MAX_DEPTH)
      for (const [key, inner] of entries)
        if (typeof key === 'string' && !OPTIMIZER.test(key)) look(inner, [...path, key])
  }
  look(tree, [])
  return found.length > 0 ? found : plain
}

/** A dictionary's pairs; a class that is one, or that has fields, counts as one. */
function entriesOf(value: Tree): ReadonlyMap<Tree, Tree> | undefined {
  if (isMap(value)) return value
  if (!isObject(value)) return undefined
  if (isMap(value.items)) return value.items
  return isMap(value.state) ? value.state : undefined
}

export function isModule(value: TaggedObject): boolean {
  return isScripted(value) || isMap(field(value, '_modules')) || isMap(field(value, '_parameters'))
}

export function isScripted({ className }: TaggedObject): boolean {
  return className.startsWith('__torch__.')
}

/** The tensors under a dictionary's names; NumPy's arrays where there are no others. */
function weightsIn(entries: ReadonlyMap<Tree, Tree>): Tensors {
  const named = [...entries].flatMap(([key, value]) => (typeof key === 'string' ? [[key, value] as const] : []))
  const tensors = named.flatMap(([key, value]) => (isTensor(value) ? [[key, value] as const] : []))
  if (tensors.length > 0) return new Map(tensors)
  return new Map(
    named.flatMap(([key, value]) => {
      const array = isObject(value) && value.className === 'numpy.ndarray' ? value.args.at(0) : undefined
      return isTensor(array) ? [[key, array] as const] : []
    })
  )
}

/** The tensors of layers that cannot be read, with their types. */
function strangeIn(entries: ReadonlyMap<Tree, Tree>): Candidate['strange'] {
  const found = new Map<string, string>()
  for (const [key, value] of entries) {
    if (typeof key !== 'string' || !key.includes('.') || !isObject(value)) continue
    const what = tensorKind(value)
    if (what !== undefined) found.set(key, what)
  }
  return found
}

function tensorKind({ className, args }: TaggedObject): string | undefined {
  if (className === 'torch.Tensor') return `of ${typeof args[0] === 'string' ? args[0] : 'an unknown type'}`
  return /^torch\._(utils|tensor)\._rebuild_(\w+)$/.exec(className)?.[2].replaceAll('_', ' ')
}

/** Leaves out the whole numbers that are of no layer and count something (`step`, `n_averaged`). */
function withoutCounters(tensors: Tensors): Tensors {
  return new Map([...tensors].filter(([name, { dtype }]) => name.includes('.') || isFloating(dtype)))
}

/** The parts that wrappers put into a network's names: torch.compile, fully sharded and checkpointed layers. */
const WRAPPERS = /(^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)(?=\.)/g

/**
 * The names by which networks that are known begin: guided-diffusion's, EDM's, CompVis's, diffusers', CLIP's,
 * autoencoders'.
 */
const LANDMARKS = [
  ...['time_embed.0.weight', 'model.map_layer0.weight', 'model.diffusion_model.time_embed.0.weight'],
  ...['time_embedding.linear_1.weight', 'text_model.embeddings.token_embedding.weight', 'decoder.conv_in.weight']
]

/** Whether names are those of a network of a family that is known. */
export function isFamiliar(tensors: Tensors): boolean {
  return LANDMARKS.some(name => tensors.has(name))
}

/**
 * Tensors without what wrappers have put before their names: torch.compile's `_orig_mod.` anywhere, `module.` where all
 * have it, and any other beginning that all share, if what is left is a network that is known.
 */
export function unwrapped(tensors: Tensors): Tensors {
  const compiled = withoutWrappers(tensors)
  let bare = compiled
  while (!isFamiliar(bare)) {
    const shared = sharedStart(bare)
    if (shared === undefined) break
    bare = within(bare, shared)
  }
  if (isFamiliar(bare)) return bare
  let alone = compiled
  while (sharedStart(alone) === MODULE) alone = within(alone, MODULE)
  return alone
}

/** The beginning that data parallel training and averages of models put before all names. */
const MODULE = 'module.'

/** The number of tensors by the first part of their names. */
export function beginnings(tensors: Tensors): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const name of tensors.keys()) {
    const start = /^([^.]+)\./.exec(name)?.[1]
    if (start !== undefined) found.set(start, 1 + (found.get(start) ?? 0))
  }
  return found
}

/** The first part of all names, with its dot. */
function sharedStart(tensors: Tensors): string | undefined {
  const [first] = tensors.keys()
  const start = tensors.size > 0 ? /^[^.]+\./.exec(first)?.[0] : undefined
  return start !== undefined && [...tensors.keys()].every(name => name.startsWith(start)) ? start : undefined
}

/** The tensors whose names begin so, without that beginning. */
export function within(tensors: Tensors, start: string): Tensors {
  const inner = [...tensors].flatMap(([name, tensor]) =>
    name.startsWith(start) ? [[name.slice(start.length), tensor] as const] : []
  )
  return withOrigin(new Map(inner), tensors, name => start + name)
}

function withoutWrappers(tensors: Tensors): Tensors {
  const plain = (name: string) => name.replace(WRAPPERS, '$1').replace(/^\.|\.(?=\.)/g, '')
  const names = new Map([...tensors.keys()].map(name => [plain(name), name]))
  // Two that would share a name keep their own.
  if (names.size < tensors.size || [...names].every(([bare, name]) => bare === name)) return tensors
  const bare = new Map([...tensors].map(([name, tensor]) => [plain(name), tensor]))
  const heads = commonHeads(names)
  return withOrigin(bare, tensors, name => names.get(name) ?? (heads && heads.whole + name.slice(heads.bare.length)))
}

/** The beginnings of all names, with and without wrappers, if they differ in nothing else. */
function commonHeads(names: ReadonlyMap<string, string>): { bare: string; whole: string } | undefined {
  const [[bare, whole]] = names
  let tail = 0
  while (tail < bare.length && bare.at(-1 - tail) === whole.at(-1 - tail)) tail++
  const heads = { bare: bare.slice(0, bare.length - tail), whole: whole.slice(0, whole.length - tail) }
  const differOnlyThere = [...names].every(
    ([bare, whole]) => bare.startsWith(heads.bare) && whole === heads.whole + bare.slice(heads.bare.length)
  )
  return differOnlyThere ? heads : undefined
}

/** Whether two sets of weights are the same, bit for bit. */
export function areSame(a: Tensors, b: Tensors): boolean {
  if (a.size !== b.size) return false
  return [...a].every(([name, one]) => {
    const other = b.get(name)
    return (
      other?.dtype === one.dtype &&
      one.shape.join() === other.shape.join() &&
      Buffer.compare(one.data, other.data) === 0
    )
  })
}

/** The content of a file, in a few words. */
export function described(tree: Tree): string {
  if (isTensor(tree)) return `a single tensor of ${tree.dtype}, ${tree.shape.join('x') || 'one number'}`
  if (isList(tree)) return tree.length === 0 ? 'an empty list' : `a list of ${tree.length}`
  const entries = isMap(tree) ? tree : isObject(tree) && isMap(tree.items) ? tree.items : undefined
  if (entries?.size === 0) return 'an empty dictionary'
  if (entries) return `a dictionary of ${firstNames([...entries.keys()].map(keyText))}`
  if (isObject(tree)) return `an object of ${tree.className || 'a nameless class'}`
  if (tree instanceof Uint8Array) return `${tree.length} bytes`
  return tree === null ? 'nothing (None)' : `a ${typeof tree === 'bigint' ? 'number' : typeof tree}`
}

function keyText(key: Tree): string {
  return typeof key === 'string' || typeof key === 'number' ? String(key) : typeof key
}
