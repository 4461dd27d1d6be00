import { doesHarm } from './pickle-calls.js'
import { isKind, PickleError, type PickledObject, type Value } from './pickle-values.js'

export interface UnpickleOptions {
  /** The byte at which the pickle begins; default: 0. */
  readonly offset?: number
  /** Answers a call of a global that the caller knows, and undefined for all others, which become objects. */
  readonly construct: (name: string, args: readonly Value[]) => Value | undefined
  readonly persistent?: (id: Value) => Value
}

const MARK = Symbol('mark')
const MAX_NESTING = 1_000_000
/** Far more opcodes than any checkpoint has, whose numbers stand outside of them: about two seconds' worth. */
const MAX_OPCODES = 20_000_000
/** Parts that calls look at for each byte of a pickle: a file that repeats no large part has less than one. */
const PARTS_A_BYTE = 4
const SPARE_PARTS = 1_000_000
/** Letters that no name of a class has. */
const MAX_NAME = 1000

/** The state of the machine that reads a pickle: a place in the bytes, a stack and a memo, all of them data. */
export interface Machine {
  readonly bytes: Buffer
  readonly construct: UnpickleOptions['construct']
  readonly persistent: UnpickleOptions['persistent']
  readonly stack: (Value | typeof MARK)[]
  readonly memo: Map<number, Value>
  /** Opcodes that may still be carried out. */
  opcodes: number
  /** Parts of arguments, such as elements and letters, that calls may still look at. */
  parts: number
  /** The place of the next byte. */
  at: number
  /** 0 until the pickle names its own. */
  protocol: number
  /** The value that the pickle describes; undefined until its last opcode. */
  result: Value | undefined
}

export function newMachine(bytes: Buffer, { offset = 0, construct, persistent }: UnpickleOptions): Machine {
  const start = { stack: [], memo: new Map<number, Value>(), at: offset, protocol: 0, result: undefined }
  const parts = SPARE_PARTS + PARTS_A_BYTE * (bytes.length - offset)
  return { bytes, construct, persistent, ...start, opcodes: MAX_OPCODES, parts }
}

/** Moves past `count` bytes, and answers the place of the first of them. @throws PickleError where there are fewer */
export function take(machine: Machine, count: number): number {
  if (count < 0 || machine.at + count > machine.bytes.length) throw cutOff(machine)
  machine.at += count
  return machine.at - count
}

export function takeByte(machine: Machine): number {
  return machine.bytes[take(machine, 1)]
}

export function takeBytes(machine: Machine, length: number): Buffer {
  const from = take(machine, length)
  return machine.bytes.subarray(from, from + length)
}

/** The text up to the end of the line, which is skipped. */
export function takeLine(machine: Machine, encoding: 'utf8' | 'latin1' = 'utf8'): string {
  const { bytes, at } = machine
  const end = bytes.indexOf(10, at)
  if (end < 0) throw cutOff(machine)
  machine.at = end + 1
  return bytes.toString(encoding, at, end)
}

/** A length in eight bytes, which is refused where the file itself is shorter. */
export function takeLength8(machine: Machine): number {
  const length = machine.bytes.readBigUInt64LE(take(machine, 8))
  if (length > BigInt(machine.bytes.length)) throw cutOff(machine)
  return Number(length)
}

/** A whole number in two's complement, the least byte first. */
export function takeLong(machine: Machine, length: number): number | bigint {
  const digits = Buffer.from(takeBytes(machine, length)).reverse().toString('hex')
  const value = BigInt.asIntN(8 * length, BigInt(`0x0${digits}`))
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function cutOff({ bytes }: Machine): PickleError {
  return new PickleError(`it ends in the middle, at byte ${bytes.length}`)
}

/** An error at the byte that is next. */
export function wrong({ at }: Machine, what: string): PickleError {
  return new PickleError(`${what}, at byte ${at}`)
}

export function push({ stack }: Machine, value: Value): void {
  if (stack.length > MAX_NESTING) throw new PickleError('it is nested too deeply')
  stack.push(value)
}

export function pushMark({ stack }: Machine): void {
  stack.push(MARK)
}

export function pop(machine: Machine): Value {
  const value = machine.stack.pop()
  if (value === undefined || value === MARK) throw wrong(machine, 'it takes from an empty stack')
  return value
}

/** Drops a value or a mark. */
export function drop(machine: Machine): void {
  if (machine.stack.pop() === undefined) throw wrong(machine, 'it takes from an empty stack')
}

export function top(machine: Machine): Value {
  const value = machine.stack.at(-1)
  if (value === undefined || value === MARK) throw wrong(machine, 'it reads an empty stack')
  return value
}

/** Takes the values above the last mark, and the mark. */
export function popMark(machine: Machine): Value[] {
  const mark = machine.stack.lastIndexOf(MARK)
  if (mark < 0) throw wrong(machine, 'it lacks a mark')
  return machine.stack.splice(mark).filter(value => value !== MARK)
}

export function popTuple(machine: Machine): Value[] {
  const value = pop(machine)
  if (!Array.isArray(value)) throw wrong(machine, 'it calls with what is no tuple')
  return value
}

export function remember(machine: Machine, index: number): void {
  machine.memo.set(index, top(machine))
}

export function recall(machine: Machine, index: number): void {
  const value = machine.memo.get(index)
  if (value === undefined) throw wrong(machine, 'it recalls what it never kept')
  push(machine, value)
}

/** Appends to the list on top of the stack. */
export function append(machine: Machine, items: readonly Value[]): void {
  const value = top(machine)
  const target = Array.isArray(value) ? value : isKind(value, 'object') ? (value.items ??= []) : undefined
  if (!Array.isArray(target)) throw wrong(machine, 'it appends to what is no list')
  for (const item of items) target.push(item)
}

/** Sets keys and values, which alternate, in the dictionary on top of the stack. */
export function setItems(machine: Machine, items: readonly Value[]): void {
  const value = top(machine)
  const target = isKind(value, 'object') ? (value.items ??= new Map()) : value
  if (!(target instanceof Map)) throw wrong(machine, 'it sets an item of what is no dictionary')
  for (let i = 0; i + 1 < items.length; i += 2) target.set(items[i], items[i + 1])
}

/**
 * Pushes what a call answers: the caller's own value, or a record of the call. A call that could only do harm is an
 * error.
 */
export function call(machine: Machine, callable: Value, args: Value[]): void {
  spend(machine, args)
  const name = nameOf(machine, callable)
  const made = machine.construct(name, args)
  if (made === undefined && doesHarm(name, args))
    throw new PickleError(`it would call ${name}, as files that are made to do harm do; nothing was run`)
  push(machine, made ?? { kind: 'object', className: name, args, state: null })
}

/** Pushes a new instance of a class, which is never initialised. */
export function instantiate(machine: Machine, callable: Value, args: Value[]): void {
  spend(machine, args)
  const className = nameOf(machine, callable)
  push(machine, machine.construct(className, args) ?? { kind: 'object', className, args, state: null })
}

/**
 * Notes what a call may look at and copy. A part that is kept once can be given to any number of calls, which would
 * take a time that the length of a file does not bound.
 * @throws PickleError where that is far more than the file holds
 */
function spend(machine: Machine, value: Value): void {
  machine.parts -= partsOf(value, 3)
  if (machine.parts < 0)
    throw new PickleError(
      'it repeats its parts far more often than a checkpoint does, as files do that are made to fill the memory'
    )
}

/** Lists of so few parts, as arguments are, are looked into. */
const FEW = 16

function partsOf(value: Value, depth: number): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length
  if (value instanceof Map) return 1 + value.size
  if (!Array.isArray(value)) return 1
  if (depth === 0 || value.length > FEW) return 1 + value.length
  return value.reduce<number>((sum, part) => sum + partsOf(part, depth - 1), 1)
}

function nameOf(machine: Machine, value: Value): string {
  const name = wholeName(machine, value)
  if (name.length <= MAX_NAME) return name
  throw wrong(machine, `it calls a class by a name of ${name.length} letters`)
}

function wholeName(machine: Machine, value: Value): string {
  if (isKind(value, 'global')) return value.name
  if (isKind(value, 'object')) return memberName(value) ?? value.className
  throw wrong(machine, 'it calls what is no class or function')
}

/** The name of a class's member that getattr has been asked for. */
function memberName({ className, args: [owner, member] }: PickledObject): string | undefined {
  if (!/^(builtins|__builtin__)\.getattr$/.test(className) || typeof member !== 'string') return undefined
  return isKind(owner, 'global') ? `${owner.name}.${member}` : undefined
}

/** Gives a state to the value on top of the stack. */
export function build(machine: Machine, state: Value): void {
  const target = top(machine)
  spend(machine, state)
  if (isKind(target, 'object')) target.state = state
  else if (isKind(target, 'foreign')) target.setState?.(state)
  else if (!(target instanceof Map || isKind(target, 'set') || Array.isArray(target)))
    throw wrong(machine, 'it gives a state to what has none')
}

/** Pushes what the caller has under a name outside of the pickle. */
export function refer(machine: Machine, id: Value): void {
  if (!machine.persistent) throw new PickleError('it refers to data outside of it')
  spend(machine, id)
  push(machine, machine.persistent(id))
}
