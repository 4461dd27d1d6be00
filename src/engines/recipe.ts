import { nameInFile } from '../checkpoints/origin.js'
import { byteSize, isFloating, toFloat32, type NetworkCheckpoint, type Tensor } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'
import { shortName } from '../first-names.js'
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
 * @throws EpdError `model-invalid` that names the first of the tensors that are missing, left over, or of another shape
 * or type
 */
export function withTensors<Made>(
  { name, ignores }: Recipe,
  tensors: Tensors,
  make: (parameters: Parameters) => Made
): Made {
  const problems: Problem[] = []
  const used = new Set<string>()
  let lacking = 0
  const parameters: Parameters = (parameter, shape) => {
    used.add(parameter)
    const tensor = tensors.get(parameter)
    const problem = tensor ? misfit(tensor, shape) : `(${shape.join('x')}) is missing`
    if (tensor && problem === undefined) return singles(tensor)
    problems.push([parameter, problem ?? ''])
    lacking += byteSize('float32', shape)
    if (!(lacking <= MOST_LACKING)) throw new RangeError(`${parameter} is too large`)
    return new Uint8Array(byteSize('float32', shape))
  }
  const made = attempted(() => make(parameters))
  if (made instanceof RangeError && problems.length === 0)
    throw new EpdError('model-invalid', `the checkpoint's arguments make no ${name}: ${made.message}`, { cause: made })
  if (made instanceof RangeError) throw unfit(name, problems, tensors)
  for (const tensor of tensors.keys())
    if (!used.has(tensor) && !ignores?.(tensor) && !UNUSED.test(tensor)) problems.push([tensor, 'is not part of it'])
  if (problems.length > 0) throw unfit(name, problems, tensors)
  return made
}

/** Bytes that stand in for tensors that are not there, so that all of them are told. */
const MOST_LACKING = 1 << 26

/** What is made, or the RangeError of arrays whose sizes do not go together. */
function attempted<Made>(make: () => Made): Made | RangeError {
  try {
    return make()
  } catch (error) {
    if (error instanceof RangeError) return error
    throw error
  }
}

function unfit(name: string, problems: readonly Problem[], tensors: Tensors): EpdError {
  return new EpdError('model-invalid', `the checkpoint's tensors do not fit its ${name}: ${listed(problems, tensors)}`)
}

type Problem = readonly [tensor: string, what: string]

/** Buffers of networks that nothing is computed from. */
const UNUSED = /(^|\.)(num_batches_tracked|position_ids)$/

function misfit({ dtype, shape }: Tensor, expected: readonly number[]): string | undefined {
  if (shape.join('x') !== expected.join('x')) return `is ${shape.join('x')}, not ${expected.join('x')}`
  return isFloating(dtype) ? undefined : `is of ${dtype}, not of floating-point numbers`
}

const SHOWN = 10

/** The first problems by the names of the file, and how many more there are. */
function listed(problems: readonly Problem[], tensors: Tensors): string {
  const lines = problems.slice(0, SHOWN).map(([tensor, what]) => `${shortName(nameInFile(tensors, tensor))} ${what}`)
  return [...lines, ...(problems.length > SHOWN ? [`and ${problems.length - SHOWN} more`] : [])].join('; ')
}

/** A tensor's bytes in single precision; those of the file itself where it has no other. */
function singles(tensor: Tensor): Uint8Array {
  if (tensor.dtype === 'float32') return tensor.data
  const values = toFloat32(tensor)
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
