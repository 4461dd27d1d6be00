import { newMachine, type UnpickleOptions } from './pickle-machine.js'
import { step } from './pickle-opcodes.js'
import type { Value } from './pickle-values.js'

/**
 * Reads one pickle (protocols 0 to 5), and says where it ends. The machine knows data alone: a class is a name, an
 * instance a record, and a call of anything but the constructors that the caller knows is a record too. A call that
 * could only do harm is an error.
 * @throws PickleError
 */
export function unpickle(bytes: Buffer, options: UnpickleOptions): { value: Value; end: number } {
  const machine = newMachine(bytes, options)
  while (machine.result === undefined) step(machine)
  return { value: machine.result, end: machine.at }
}
