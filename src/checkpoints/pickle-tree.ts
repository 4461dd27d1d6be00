import { PickleError, type Value } from './pickle-values.js'
import type { Tree } from './tensor.js'

const MAX_DEPTH = 500

/**
 * The plain tree of what a pickle built: no globals, no storages, tensors whole. Shared parts stay shared; where a part
 * would hold itself there is null.
 */
export function toTree(root: Value): Tree {
  const done = new Map<Value, Tree>()
  const open = new Set<Value>()
  const convert = (value: Value): Tree => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
    const known = done.get(value)
    if (known !== undefined) return known
    if (open.has(value)) return null
    if (open.size > MAX_DEPTH) throw new PickleError('it is nested too deeply')
    open.add(value)
    const tree = build(value)
    open.delete(value)
    done.set(value, tree)
    return tree
  }
  const build = (value: Exclude<Value, null | string | number | bigint | boolean | Uint8Array>): Tree => {
    if (Array.isArray(value)) return value.map(convert)
    if (value instanceof Map) return new Map([...value].map(([key, each]) => [convert(key), convert(each)]))
    switch (value.kind) {
      case 'tensor':
        return value
      case 'global':
        return { kind: 'object', className: value.name, args: [], state: null }
      case 'set':
        return value.items.map(convert)
      case 'object': {
        const { className, args, state, items } = value
        const own = { kind: 'object', className, args: args.map(convert), state: convert(state) } as const
        return items === undefined ? own : { ...own, items: convert(items) }
      }
      case 'foreign':
        return value.tree(convert)
    }
  }
  return convert(root)
}
