import { EpdError } from '../errors.js'
import { readCheckpointBytes } from './checkpoint.js'
import { isScripted, type Tensors } from './state-dict.js'
import {
  field,
  isList,
  isMap,
  isObject,
  isTensor,
  type NetworkCheckpoint,
  type TaggedObject,
  type Tensor,
  type Tree
} from './tensor.js'
import { beginsAsZip } from './zip.js'

/** More modules and arguments than any network has. Parts that hold one another many times over would come to more. */
const MAX_PARTS = 100_000

/**
 * Parameters and buffers of a saved module and of all modules within it, under the names of its state dict.
 * @throws EpdError `checkpoint-invalid` for a module of more parts than any has
 */
export function moduleState(module: TaggedObject, path: string): Tensors {
  const tensors = new Map<string, Tensor>()
  let parts = 0
  const collect = (within: TaggedObject, prefix: string) => {
    if (++parts > MAX_PARTS) throw tooLarge(path)
    for (const [key, value] of members(within)) {
      const name = `${prefix}${nameOf(key)}`
      if (isTensor(value)) tensors.set(name, value)
      else if (isObject(value)) collect(value, `${name}.`)
    }
  }
  collect(module, '')
  return tensors
}

function tooLarge(path: string): EpdError {
  return new EpdError('checkpoint-invalid', `${path}: a network of more parts than any has`)
}

/**
 * A module's tensors and the modules within it, by name. TorchScript keeps them as fields, Python in three
 * dictionaries. Buffers that are not persistent are no part of a state dict.
 */
function members(module: TaggedObject): readonly (readonly [Tree, Tree])[] {
  if (isScripted(module)) return isMap(module.state) ? [...module.state] : []
  const passing = field(module, '_non_persistent_buffers_set')
  return ['_parameters', '_buffers', '_modules'].flatMap(group => {
    const entries = field(module, group)
    if (!isMap(entries)) return []
    return [...entries].filter(
      ([name]) => !(group === '_buffers' && passing !== undefined && isList(passing) && passing.includes(name))
    )
  })
}

/** A module that carries its class and its arguments, as EDM's do. @throws EpdError `checkpoint-invalid` */
export function describedModule(
  module: TaggedObject,
  kwargs: ReadonlyMap<Tree, Tree>,
  path: string
): NetworkCheckpoint {
  return {
    className: module.className.split('.').at(-1) ?? '',
    initKwargs: plainRecord(kwargs, path),
    tensors: moduleState(module, path)
  }
}

/** Arguments as JSON has them, with null for what JSON cannot hold. */
function plainRecord(kwargs: ReadonlyMap<Tree, Tree>, path: string): Record<string, unknown> {
  let parts = 0
  const plain = (value: Tree): unknown => {
    if (++parts > MAX_PARTS) throw tooLarge(path)
    if (isList(value)) return value.map(plain)
    if (isMap(value)) return record(value)
    return typeof value === 'object' || typeof value === 'bigint' ? null : value
  }
  const record = (map: ReadonlyMap<Tree, Tree>) =>
    Object.fromEntries([...map].map(([name, value]) => [nameOf(name), plain(value)]))
  return record(kwargs)
}

function nameOf(key: Tree): string {
  return typeof key === 'string' ? key : ''
}

/** The tensors of a dictionary that holds nothing else; undefined for any other value. */
export function stateDictOf(tree: Tree): Tensors | undefined {
  if (!isMap(tree) || tree.size === 0) return undefined
  const tensors = new Map<string, Tensor>()
  for (const [name, value] of tree) {
    if (typeof name !== 'string' || !isTensor(value)) return undefined
    tensors.set(name, value)
  }
  return tensors
}

/**
 * The tensors of a saved module, by their names in its state dict. The module is TorchScript's archive, alone or as
 * bytes within a pickle, or a module in a pickle; any other value gives undefined.
 * @throws EpdError `checkpoint-invalid`
 */
export function moduleTensors(tree: Tree, path: string): Tensors | undefined {
  const archive = isObject(tree) && isScripted(tree) ? undefined : archiveWithin(tree)
  const module = archive ? readCheckpointBytes(archive, path) : tree
  if (!isObject(module)) return undefined
  const tensors = moduleState(module, path)
  return tensors.size > 0 ? tensors : undefined
}

/** The first bytes in a tree that are a zip archive. */
function archiveWithin(tree: Tree): Buffer | undefined {
  const seen = new Set<Tree>()
  const waiting = [tree]
  for (let next = waiting.pop(); next !== undefined && seen.size < MAX_PARTS; next = waiting.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    if (next instanceof Uint8Array) {
      if (beginsAsZip(next)) return Buffer.from(next.buffer, next.byteOffset, next.byteLength)
    } else if (isList(next)) waiting.push(...next)
    else if (isMap(next)) waiting.push(...next.values())
    else if (isObject(next)) waiting.push(next.state, ...next.args)
  }
  return undefined
}
