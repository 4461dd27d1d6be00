import type { Tree } from './tensor.js'

/** A class or function that a pickle names. It is never looked up, let alone run. */
export interface Global {
  readonly kind: 'global'
  readonly name: string
}

/** A value that a pickle builds while it is read: a Tree, or a global or an object that is still growing. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Global
  | PickledObject
  | PickledSet
  | Value[]
  | Map<Value, Value>
  | Extract<Tree, { kind: 'tensor' }>
  | Foreign

/** An instance of a class, or the answer of a function, as plain data. */
export interface PickledObject {
  readonly kind: 'object'
  readonly className: string
  args: Value[]
  state: Value
  /** The elements that a class which is a list or a dictionary holds as one. */
  items?: Value[] | Map<Value, Value>
}

export interface PickledSet {
  readonly kind: 'set'
  readonly items: Value[]
}

/** A value that only the caller's constructors understand (a storage, a type). */
export interface Foreign {
  readonly kind: 'foreign'
  readonly what: object
  /** Converts the value to plain data, once the whole file is read. */
  readonly tree: (convert: (value: Value) => Tree) => Tree
  readonly setState?: (state: Value) => void
}

/** The reason why bytes are not a pickle that can be read. */
export class PickleError extends Error {}

/** Whether a value is a record of this kind. */
export function isKind<Kind extends 'global' | 'object' | 'set' | 'tensor' | 'foreign'>(
  value: Value,
  kind: Kind
): value is Extract<Value, { kind: Kind }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
}
