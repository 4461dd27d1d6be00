import {
  append,
  build,
  call,
  drop,
  instantiate,
  pop,
  popMark,
  popTuple,
  push,
  pushMark,
  recall,
  refer,
  remember,
  setItems,
  take,
  takeByte,
  takeBytes,
  takeLength8,
  takeLine,
  takeLong,
  top,
  wrong,
  type Machine
} from './pickle-machine.js'
import { escapedText, floatNumber, quotedText, wholeNumber } from './pickle-text.js'
import { isKind, PickleError } from './pickle-values.js'

type Operation = (machine: Machine) => void

/** Opcodes that move through the pickle and the stack. */
const CONTROL: Readonly<Record<number, Operation>> = {
  /* PROTO */ 0x80: machine => (machine.protocol = takeByte(machine)),
  /* FRAME */ 0x95: machine => take(machine, 8),
  /* STOP */ 0x2e: machine => (machine.result = pop(machine)),
  /* MARK */ 0x28: pushMark,
  /* POP */ 0x30: drop,
  /* POP_MARK */ 0x31: popMark,
  /* DUP */ 0x32: machine => {
    push(machine, top(machine))
  },
  /* BINPUT */ 0x71: machine => {
    remember(machine, takeByte(machine))
  },
  /* LONG_BINPUT */ 0x72: machine => {
    remember(machine, machine.bytes.readUInt32LE(take(machine, 4)))
  },
  /* MEMOIZE */ 0x94: machine => {
    remember(machine, machine.memo.size)
  },
  /* BINGET */ 0x68: machine => {
    recall(machine, takeByte(machine))
  },
  /* LONG_BINGET */ 0x6a: machine => {
    recall(machine, machine.bytes.readUInt32LE(take(machine, 4)))
  }
}

/** An opcode that pushes one value. */
function pushing(read: (machine: Machine) => Parameters<typeof push>[1]): Operation {
  return machine => {
    push(machine, read(machine))
  }
}

/** Opcodes of numbers, texts and bytes. */
const SCALARS: Readonly<Record<number, Operation>> = {
  /* NONE */ 0x4e: pushing(() => null),
  /* NEWTRUE */ 0x88: pushing(() => true),
  /* NEWFALSE */ 0x89: pushing(() => false),
  /* BININT1 */ 0x4b: pushing(takeByte),
  /* BININT2 */ 0x4d: pushing(machine => machine.bytes.readUInt16LE(take(machine, 2))),
  /* BININT */ 0x4a: pushing(takeInt32),
  /* LONG1 */ 0x8a: pushing(machine => takeLong(machine, takeByte(machine))),
  /* LONG4 */ 0x8b: pushing(machine => takeLong(machine, takeInt32(machine))),
  /* BINFLOAT */ 0x47: pushing(machine => machine.bytes.readDoubleBE(take(machine, 8))),
  /* SHORT_BINUNICODE */ 0x8c: pushing(machine => takeBytes(machine, takeByte(machine)).toString('utf8')),
  /* BINUNICODE */ 0x58: pushing(machine => takeBytes(machine, takeUInt32(machine)).toString('utf8')),
  /* BINUNICODE8 */ 0x8d: pushing(machine => takeBytes(machine, takeLength8(machine)).toString('utf8')),
  /* SHORT_BINSTRING */ 0x55: pushing(machine => takeBytes(machine, takeByte(machine)).toString('latin1')),
  /* BINSTRING */ 0x54: pushing(machine => takeBytes(machine, takeInt32(machine)).toString('latin1')),
  /* SHORT_BINBYTES */ 0x43: pushing(machine => takeBytes(machine, takeByte(machine))),
  /* BINBYTES */ 0x42: pushing(machine => takeBytes(machine, takeUInt32(machine))),
  /* BINBYTES8 */ 0x8e: pushing(machine => takeBytes(machine, takeLength8(machine))),
  /* BYTEARRAY8 */ 0x96: pushing(machine => takeBytes(machine, takeLength8(machine)))
}

function takeInt32(machine: Machine): number {
  return machine.bytes.readInt32LE(take(machine, 4))
}

function takeUInt32(machine: Machine): number {
  return machine.bytes.readUInt32LE(take(machine, 4))
}

/** Opcodes of lists, tuples, dictionaries and sets. */
const COLLECTIONS: Readonly<Record<number, Operation>> = {
  /* EMPTY_LIST */ 0x5d: pushing(() => []),
  /* APPEND */ 0x61: machine => {
    const item = pop(machine)
    append(machine, [item])
  },
  /* APPENDS */ 0x65: machine => {
    const items = popMark(machine)
    append(machine, items)
  },
  /* LIST */ 0x6c: pushing(popMark),
  /* TUPLE */ 0x74: pushing(popMark),
  /* EMPTY_TUPLE */ 0x29: pushing(() => []),
  /* TUPLE1 */ 0x85: pushing(machine => [pop(machine)]),
  /* TUPLE2 */ 0x86: pushing(machine => {
    const [b, a] = [pop(machine), pop(machine)]
    return [a, b]
  }),
  /* TUPLE3 */ 0x87: pushing(machine => {
    const [c, b, a] = [pop(machine), pop(machine), pop(machine)]
    return [a, b, c]
  }),
  /* EMPTY_DICT */ 0x7d: pushing(() => new Map()),
  /* DICT */ 0x64: machine => {
    const items = popMark(machine)
    push(machine, new Map())
    setItems(machine, items)
  },
  /* SETITEM */ 0x73: machine => {
    const [value, key] = [pop(machine), pop(machine)]
    setItems(machine, [key, value])
  },
  /* SETITEMS */ 0x75: machine => {
    const items = popMark(machine)
    setItems(machine, items)
  },
  /* EMPTY_SET */ 0x8f: pushing(() => ({ kind: 'set', items: [] })),
  /* ADDITEMS */ 0x90: machine => {
    const items = popMark(machine)
    const target = top(machine)
    if (!isKind(target, 'set')) throw wrong(machine, 'it adds to what is no set')
    for (const item of items) target.items.push(item)
  },
  /* FROZENSET */ 0x91: pushing(machine => ({ kind: 'set', items: popMark(machine) }))
}

/** Opcodes of classes, calls and instances. */
const OBJECTS: Readonly<Record<number, Operation>> = {
  /* GLOBAL */ 0x63: pushing(machine => ({ kind: 'global', name: takeName(machine) })),
  /* STACK_GLOBAL */ 0x93: pushing(machine => {
    const [name, module] = [pop(machine), pop(machine)]
    if (typeof name !== 'string' || typeof module !== 'string')
      throw wrong(machine, 'it names a class by what is no text')
    return { kind: 'global', name: `${module}.${name}` }
  }),
  /* REDUCE */ 0x52: machine => {
    const [args, callable] = [popTuple(machine), pop(machine)]
    call(machine, callable, args)
  },
  /* NEWOBJ */ 0x81: machine => {
    const [args, callable] = [popTuple(machine), pop(machine)]
    instantiate(machine, callable, args)
  },
  /* NEWOBJ_EX */ 0x92: machine => {
    const [kwargs, args, callable] = [pop(machine), popTuple(machine), pop(machine)]
    instantiate(machine, callable, [...args, kwargs])
  },
  /* BUILD */ 0x62: machine => {
    const state = pop(machine)
    build(machine, state)
  },
  /* BINPERSID */ 0x51: machine => {
    const id = pop(machine)
    refer(machine, id)
  }
}

/** A module and a name in it, on a line each. */
function takeName(machine: Machine): string {
  const module = takeLine(machine)
  return `${module}.${takeLine(machine)}`
}

/** Opcodes of numbers in text, which Python 2 writes in binary pickles too. */
const NUMBERS_IN_TEXT: Readonly<Record<number, Operation>> = {
  /* INT */ 0x49: pushing(machine => {
    const digits = takeLine(machine)
    return digits === '00' ? false : digits === '01' ? true : wholeNumber(digits)
  }),
  /* LONG */ 0x4c: pushing(machine => wholeNumber(takeLine(machine).replace(/L$/, ''))),
  /* FLOAT */ 0x46: pushing(machine => floatNumber(takeLine(machine)))
}

/** An opcode of the protocols 0 and 1 alone. */
function early(operation: Operation): Operation {
  return machine => {
    if (machine.protocol >= 2) throw noOpcode(machine)
    operation(machine)
  }
}

/** Opcodes in text, of the protocols 0 and 1. */
const TEXTUAL: Readonly<Record<number, Operation>> = {
  /* STRING */ 0x53: early(pushing(machine => quotedText(takeLine(machine, 'latin1')))),
  /* UNICODE */ 0x56: early(pushing(machine => escapedText(takeLine(machine, 'latin1')))),
  /* PUT */ 0x70: early(machine => {
    remember(machine, Number(takeLine(machine)))
  }),
  /* GET */ 0x67: early(machine => {
    recall(machine, Number(takeLine(machine)))
  }),
  /* PERSID */ 0x50: early(machine => {
    refer(machine, takeLine(machine))
  }),
  /* INST */ 0x69: early(machine => {
    const name = takeName(machine)
    call(machine, { kind: 'global', name }, popMark(machine))
  }),
  /* OBJ */ 0x6f: early(machine => {
    const [callable, ...args] = popMark(machine)
    call(machine, callable, args)
  })
}

/** Every opcode that is known (Python's pickletools lists them all) with what it does to the machine. */
const OPCODES: Readonly<Partial<Record<number, Operation>>> = {
  ...CONTROL,
  ...SCALARS,
  ...COLLECTIONS,
  ...OBJECTS,
  ...NUMBERS_IN_TEXT,
  ...TEXTUAL
}

/** Carries out the next opcode. @throws PickleError */
export function step(machine: Machine): void {
  machine.opcodes -= 1
  if (machine.opcodes < 0) throw wrong(machine, 'it has more opcodes than a checkpoint has')
  const operation = OPCODES[takeByte(machine)]
  if (!operation) throw noOpcode(machine)
  operation(machine)
}

/** The error for the byte that was just read. */
function noOpcode({ bytes, at }: Machine): PickleError {
  return new PickleError(`byte ${at - 1} is 0x${bytes[at - 1].toString(16)}, which is no opcode of a binary pickle`)
}
