import { byteSize, toFloat32, type NetworkCheckpoint, type Tensor } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'
import type { Ops } from './ops.js'

/** What an engine records a network into. */
export interface Graph<T> {
  readonly ops: Ops<T>
  readonly input: (name: string, shape: readonly number[]) => T
}

/** A network to be recorded: what it is called, and how its outputs are made. */
export interface Recipe {
  readonly name: string
  readonly build: <T>(graph: Graph<T>) => readonly T[]
  /** Tensors of a checkpoint that this network does not read. */
  readonly ignores?: (tensor: string) => boolean
}

export type Tensors = NetworkCheckpoint['tensors']

/** A parameter's bytes, float32. */
export type Parameters = (name: string, shape: readonly number[]) => Uint8Array

/**
 * What `make` records of a network, given a checkpoint's tensors one by one in single precision.
 * @throws EpdError `model-invalid` that lists tensors that are missing, left over or of another shape
 */
export function withTensors<Made>(
  { name, ignores }: Recipe,
  tensors: Tensors,
  make: (parameters: Parameters) => Made
): Made {
  const problems: string[] = []
  const used = new Set<string>()
  const made = make((parameter, shape) => {
    used.add(parameter)
    const tensor = tensors.get(parameter)
    const found = tensor?.shape.join('x')
    if (tensor && found === shape.join('x')) return singles(tensor)
    const expected = shape.join('x')
    problems.push(tensor ? `${parameter} is ${found}, not ${expected}` : `${parameter} (${expected}) is missing`)
    return new Uint8Array(byteSize('float32', shape))
  })
  for (const tensor of tensors.keys())
    if (!used.has(tensor) && !ignores?.(tensor)) problems.push(`${tensor} is not part of it`)
  if (problems.length > 0)
    throw new EpdError('model-invalid', `the checkpoint's tensors do not fit its ${name}: ${listed(problems)}`)
  return made
}

/** The first of a list and how many more there are. */
function listed(problems: readonly string[]): string {
  const more = problems.length - SHOWN
  return problems.slice(0, SHOWN).join('; ') + (more > 0 ? `; and ${more} more` : '')
}

const SHOWN = 10

/** A tensor's bytes in single precision; those of the file itself where it has no other. */
function singles(tensor: Tensor): Uint8Array {
  if (tensor.dtype === 'float32') return tensor.data
  const values = toFloat32(tensor)
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
