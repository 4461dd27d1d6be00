import { doesHarm } from './pickle-calls.js'
import { escapedText, floatNumber, quotedText, wholeNumber } from './pickle-text.js'
import type { Tree } from './tensor.js'

/** A class or function that a pickle names. It is never looked up, let alone run. */
export interface Global {
  readonly kind: 'global'
  readonly name: string
}

/** What a pickle builds while it is read: a Tree, and besides that globals and objects that are still growing. */
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

/** An instance of a class, or what a function would answer, as plain data. */
export interface PickledObject {
  readonly kind: 'object'
  readonly className: string
  args: Value[]
  state: Value
  /** What a class that is a list or a dictionary holds as one. */
  items?: Value[] | Map<Value, Value>
}

interface PickledSet {
  readonly kind: 'set'
  readonly items: Value[]
}

/** Something that only the caller's constructors understand (a storage, a type). */
export interface Foreign {
  readonly kind: 'foreign'
  readonly what: object
  /** What it is as plain data, once the whole file is read. */
  readonly tree: (convert: (value: Value) => Tree) => Tree
  readonly setState?: (state: Value) => void
}

export interface UnpickleOptions {
  /** Where the pickle begins. */
  readonly offset?: number
  /** What calling a global with arguments gives, for those that are known; undefined for all others, which become objects. */
  readonly construct: (name: string, args: readonly Value[]) => Value | undefined
  readonly persistent?: (id: Value) => Value
}

/** Why bytes are not a pickle that can be read. */
export class PickleError extends Error {}

const MARK = Symbol('mark')
const MAX_NESTING = 1_000_000

/**
 * Reads one pickle (protocols 0 to 5). It is a machine for data alone: a class is a name, an instance a record, and a call of
 * anything but the constructors that the caller knows is a record too. A call that could only do harm is an error.
 * @throws PickleError
 */
export function unpickle(
  bytes: Buffer,
  { offset = 0, construct, persistent }: UnpickleOptions
): { value: Value; end: number } {
  const stack: (Value | typeof MARK)[] = []
  const memo = new Map<number, Value>()
  let at = offset
  let protocol = 0

  const take = (count: number) => {
    if (count < 0 || at + count > bytes.length) throw new PickleError(`it ends in the middle, at byte ${bytes.length}`)
    at += count
    return at - count
  }
  const line = (encoding: 'utf8' | 'latin1' = 'utf8') => {
    const end = bytes.indexOf(10, at)
    if (end < 0) throw new PickleError(`it ends in the middle, at byte ${bytes.length}`)
    const text = bytes.toString(encoding, at, end)
    at = end + 1
    return text
  }
  const length8 = () => {
    const length = bytes.readBigUInt64LE(take(8))
    if (length > BigInt(bytes.length)) throw new PickleError(`it ends in the middle, at byte ${bytes.length}`)
    return Number(length)
  }
  const slice = (length: number) => {
    const from = take(length)
    return bytes.subarray(from, from + length)
  }
  const text = (length: number) => slice(length).toString('utf8')
  const push = (value: Value) => {
    if (stack.length > MAX_NESTING) throw new PickleError('it is nested too deeply')
    stack.push(value)
  }
  const pop = (): Value => {
    const value = stack.pop()
    if (value === undefined || value === MARK) throw new PickleError(`it takes from an empty stack, at byte ${at}`)
    return value
  }
  const top = (): Value => {
    const value = stack.at(-1)
    if (value === undefined || value === MARK) throw new PickleError(`it reads an empty stack, at byte ${at}`)
    return value
  }
  const popMark = (): Value[] => {
    const mark = stack.lastIndexOf(MARK)
    if (mark < 0) throw new PickleError(`it lacks a mark, at byte ${at}`)
    const values = stack.splice(mark).filter(value => value !== MARK)
    return values
  }
  const remember = (index: number) => memo.set(index, top())
  const recall = (index: number) => {
    const value = memo.get(index)
    if (value === undefined) throw new PickleError(`it recalls what it never kept, at byte ${at}`)
    push(value)
  }
  const list = (): Value[] => {
    const value = top()
    if (Array.isArray(value)) return value
    const items = isKind(value, 'object') ? (value.items ??= []) : undefined
    if (!Array.isArray(items)) throw new PickleError(`it appends to what is no list, at byte ${at}`)
    return items
  }
  const setItems = (items: readonly Value[]) => {
    const value = top()
    const target = isKind(value, 'object') ? (value.items ??= new Map()) : value
    if (!(target instanceof Map)) throw new PickleError(`it sets an item of what is no dictionary, at byte ${at}`)
    for (let i = 0; i + 1 < items.length; i += 2) target.set(items[i], items[i + 1])
  }
  const tuple = (value: Value): Value[] => {
    if (!Array.isArray(value)) throw new PickleError(`it calls with what is no tuple, at byte ${at}`)
    return value
  }
  const nameOf = (value: Value): string => {
    if (isKind(value, 'global')) return value.name
    if (isKind(value, 'object')) return memberName(value) ?? value.className
    throw new PickleError(`it calls what is no class or function, at byte ${at}`)
  }
  const call = (callable: Value, args: Value[]): Value => {
    const name = nameOf(callable)
    const made = construct(name, args)
    if (made === undefined && doesHarm(name, args))
      throw new PickleError(`it would call ${name}, as files that are made to do harm do; nothing was run`)
    return made ?? { kind: 'object', className: name, args, state: null }
  }
  const instance = (callable: Value, args: Value[]): Value => {
    const className = nameOf(callable)
    return construct(className, args) ?? { kind: 'object', className, args, state: null }
  }
  const build = (state: Value) => {
    const target = top()
    if (isKind(target, 'object')) target.state = state
    else if (isKind(target, 'foreign')) target.setState?.(state)
    else if (!(target instanceof Map || isKind(target, 'set') || Array.isArray(target)))
      throw new PickleError(`it gives a state to what has none, at byte ${at}`)
  }
  const long = (length: number): Value => {
    const digits = Buffer.from(slice(length)).reverse().toString('hex')
    const value = BigInt.asIntN(8 * length, BigInt(`0x0${digits}`))
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }

  /** Opcodes in text. Python 2 writes those of numbers in binary pickles too. */
  const textual = (opcode: number): boolean => {
    if (opcode === 0x49) {
      const digits = line() // INT
      push(digits === '00' ? false : digits === '01' ? true : wholeNumber(digits))
    } else if (opcode === 0x4c)
      push(wholeNumber(line().replace(/L$/, ''))) // LONG
    else if (opcode === 0x46)
      push(floatNumber(line())) // FLOAT
    else if (protocol >= 2) return false
    else if (opcode === 0x53)
      push(quotedText(line('latin1'))) // STRING
    else if (opcode === 0x56)
      push(escapedText(line('latin1'))) // UNICODE
    else if (opcode === 0x70)
      remember(Number(line())) // PUT
    else if (opcode === 0x67)
      recall(Number(line())) // GET
    else if (opcode === 0x50)
      refer(line()) // PERSID
    else if (opcode === 0x69) {
      const module = line() // INST
      const name = `${module}.${line()}`
      push(call({ kind: 'global', name }, popMark()))
    } else if (opcode === 0x6f) {
      const [callable, ...args] = popMark() // OBJ
      push(call(callable, args))
    } else return false
    return true
  }
  const refer = (id: Value) => {
    if (!persistent) throw new PickleError('it refers to data outside of it')
    push(persistent(id))
  }

  for (;;) {
    const opcode = bytes[take(1)]
    switch (opcode) {
      case 0x80: // PROTO
        protocol = bytes[take(1)]
        break
      case 0x95: // FRAME
        take(8)
        break
      case 0x2e: // STOP
        return { value: pop(), end: at }
      case 0x28: // MARK
        stack.push(MARK)
        break
      case 0x30: // POP
        if (stack.pop() === undefined) throw new PickleError(`it takes from an empty stack, at byte ${at}`)
        break
      case 0x31: // POP_MARK
        popMark()
        break
      case 0x32: // DUP
        push(top())
        break
      case 0x4e: // NONE
        push(null)
        break
      case 0x88: // NEWTRUE
        push(true)
        break
      case 0x89: // NEWFALSE
        push(false)
        break
      case 0x4b: // BININT1
        push(bytes[take(1)])
        break
      case 0x4d: // BININT2
        push(bytes.readUInt16LE(take(2)))
        break
      case 0x4a: // BININT
        push(bytes.readInt32LE(take(4)))
        break
      case 0x8a: // LONG1
        push(long(bytes[take(1)]))
        break
      case 0x8b: // LONG4
        push(long(bytes.readInt32LE(take(4))))
        break
      case 0x47: // BINFLOAT
        push(bytes.readDoubleBE(take(8)))
        break
      case 0x8c: // SHORT_BINUNICODE
        push(text(bytes[take(1)]))
        break
      case 0x58: // BINUNICODE
        push(text(bytes.readUInt32LE(take(4))))
        break
      case 0x8d: // BINUNICODE8
        push(text(length8()))
        break
      case 0x55: // SHORT_BINSTRING
        push(slice(bytes[take(1)]).toString('latin1'))
        break
      case 0x54: // BINSTRING
        push(slice(bytes.readInt32LE(take(4))).toString('latin1'))
        break
      case 0x43: // SHORT_BINBYTES
        push(slice(bytes[take(1)]))
        break
      case 0x42: // BINBYTES
        push(slice(bytes.readUInt32LE(take(4))))
        break
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        push(slice(length8()))
        break
      case 0x5d: // EMPTY_LIST
        push([])
        break
      case 0x61: // APPEND
        {
          const item = pop()
          list().push(item)
        }
        break
      case 0x65: // APPENDS
        {
          const items = popMark()
          const target = list()
          for (const item of items) target.push(item)
        }
        break
      case 0x6c: // LIST
      case 0x74: // TUPLE
        push(popMark())
        break
      case 0x29: // EMPTY_TUPLE
        push([])
        break
      case 0x85: // TUPLE1
        push([pop()])
        break
      case 0x86: // TUPLE2
        {
          const [b, a] = [pop(), pop()]
          push([a, b])
        }
        break
      case 0x87: // TUPLE3
        {
          const [c, b, a] = [pop(), pop(), pop()]
          push([a, b, c])
        }
        break
      case 0x7d: // EMPTY_DICT
        push(new Map())
        break
      case 0x64: // DICT
        {
          const items = popMark()
          push(new Map())
          setItems(items)
        }
        break
      case 0x73: // SETITEM
        {
          const [value, key] = [pop(), pop()]
          setItems([key, value])
        }
        break
      case 0x75: // SETITEMS
        setItems(popMark())
        break
      case 0x8f: // EMPTY_SET
        push({ kind: 'set', items: [] })
        break
      case 0x90: // ADDITEMS
        {
          const items = popMark()
          const target = top()
          if (!isKind(target, 'set')) throw new PickleError(`it adds to what is no set, at byte ${at}`)
          for (const item of items) target.items.push(item)
        }
        break
      case 0x91: // FROZENSET
        push({ kind: 'set', items: popMark() })
        break
      case 0x71: // BINPUT
        remember(bytes[take(1)])
        break
      case 0x72: // LONG_BINPUT
        remember(bytes.readUInt32LE(take(4)))
        break
      case 0x94: // MEMOIZE
        remember(memo.size)
        break
      case 0x68: // BINGET
        recall(bytes[take(1)])
        break
      case 0x6a: // LONG_BINGET
        recall(bytes.readUInt32LE(take(4)))
        break
      case 0x63: // GLOBAL
        {
          const module = line()
          push({ kind: 'global', name: `${module}.${line()}` })
        }
        break
      case 0x93: // STACK_GLOBAL
        {
          const [name, module] = [pop(), pop()]
          if (typeof name !== 'string' || typeof module !== 'string')
            throw new PickleError(`it names a class by what is no text, at byte ${at}`)
          push({ kind: 'global', name: `${module}.${name}` })
        }
        break
      case 0x52: // REDUCE
        {
          const [args, callable] = [tuple(pop()), pop()]
          push(call(callable, args))
        }
        break
      case 0x81: // NEWOBJ
        {
          const [args, callable] = [tuple(pop()), pop()]
          push(instance(callable, args))
        }
        break
      case 0x92: // NEWOBJ_EX
        {
          const [kwargs, args, callable] = [pop(), tuple(pop()), pop()]
          push(instance(callable, [...args, kwargs]))
        }
        break
      case 0x62: // BUILD
        build(pop())
        break
      case 0x51: // BINPERSID
        refer(pop())
        break
      default:
        if (!textual(opcode))
          throw new PickleError(`byte ${at - 1} is 0x${opcode.toString(16)}, which is no opcode of a binary pickle`)
    }
  }
}

/** The name of a class's member that getattr has been asked for. */
function memberName({ className, args: [owner, member] }: PickledObject): string | undefined {
  if (!/^(builtins|__builtin__)\.getattr$/.test(className) || typeof member !== 'string') return undefined
  return isKind(owner, 'global') ? `${owner.name}.${member}` : undefined
}

/** Whether a value is a record of this kind. */
export function isKind<Kind extends 'global' | 'object' | 'set' | 'tensor' | 'foreign'>(
  value: Value,
  kind: Kind
): value is Extract<Value, { kind: Kind }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
}
