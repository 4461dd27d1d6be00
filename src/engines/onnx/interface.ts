import { dirname, resolve, sep } from 'node:path'
import { PbfReader } from 'pbf'
import { EpdError } from '../../errors.js'
import { readWhole } from '../../files/read.js'
import { systemReason } from '../../files/reasons.js'

/** An input or output of an ONNX file. */
export interface OnnxValue {
  readonly name: string
  /** ONNX's number of the type: 1 is float32, 6 int32, 7 int64, 10 float16, 11 float64. */
  readonly type: number
  /** -1 where a size is not fixed. */
  readonly shape: readonly number[]
}

/** What an ONNX file is asked and answers. */
export interface OnnxInterface {
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  /** Paths of the files that hold its larger weights. */
  readonly external: readonly string[]
}

/**
 * Reads it from the file itself, whose graph is skipped. @throws EpdError `checkpoint-missing`, `checkpoint-invalid`
 */
export async function onnxInterface(path: string): Promise<OnnxInterface> {
  const bytes = await readWhole(path, { most: MOST }).catch((error: unknown) => {
    const reason = systemReason(error) ?? 'cannot be read as a file; correct its path'
    throw new EpdError('checkpoint-missing', `${path}: ${reason}`, { cause: error })
  })
  const found = {
    inputs: new Array<OnnxValue>(),
    outputs: new Array<OnnxValue>(),
    initializers: new Set<string>(),
    external: new Set<string>()
  }
  try {
    new PbfReader(bytes).readFields((tag, _, model) => {
      if (tag === 7) model.readMessage(readGraph, found)
    }, null)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EpdError('checkpoint-invalid', `${path}: is no ONNX file (${reason})`, { cause: error })
  }
  const inputs = found.inputs.filter(({ name }) => !found.initializers.has(name))
  if (inputs.length === 0 || found.outputs.length === 0)
    throw new EpdError('checkpoint-invalid', `${path}: is no ONNX file: it has no inputs or no outputs`)
  return { inputs, outputs: found.outputs, external: [...found.external].sort().map(file => beside(path, file)) }
}

/** Bytes of the largest message of protobuf, which an ONNX file is. */
const MOST = 2 ** 31 - 1

/** A file that weights stand in; it must stand in the model's folder or below. */
function beside(path: string, file: string): string {
  const folder = resolve(dirname(path))
  const whole = resolve(folder, file)
  if (whole.startsWith(folder + sep)) return whole
  throw new EpdError(
    'checkpoint-invalid',
    `${path}: its weights stand in ${JSON.stringify(file)}, outside of its folder`
  )
}

interface Found {
  inputs: OnnxValue[]
  outputs: OnnxValue[]
  initializers: Set<string>
  external: Set<string>
}

function readGraph(tag: number, found: Found, pbf: PbfReader): void {
  if (tag === 5) pbf.readMessage(readInitializer, found)
  else if (tag === 11) found.inputs.push(readValue(pbf))
  else if (tag === 12) found.outputs.push(readValue(pbf))
}

function readInitializer(tag: number, found: Found, pbf: PbfReader): void {
  if (tag === 8) found.initializers.add(pbf.readString())
  else if (tag === 13) {
    const entry = pbf.readMessage(readEntry, { key: '', value: '' })
    if (entry.key === 'location') found.external.add(entry.value)
  }
}

function readEntry(tag: number, entry: { key: string; value: string }, pbf: PbfReader): void {
  if (tag === 1) entry.key = pbf.readString()
  else if (tag === 2) entry.value = pbf.readString()
}

function readValue(pbf: PbfReader): OnnxValue {
  const value = { name: '', type: 0, shape: new Array<number>() }
  const tensor = (tag: number, into: typeof value, from: PbfReader) => {
    if (tag === 1) into.type = from.readVarint()
    else if (tag === 2)
      from.readMessage((dimension, sizes: number[], shape) => {
        if (dimension === 1)
          sizes.push(
            shape.readMessage(
              (kind, size: { of: number }, one) => {
                if (kind === 1) size.of = one.readVarint()
              },
              { of: -1 }
            ).of
          )
      }, into.shape)
  }
  return pbf.readMessage((tag, into: typeof value, from) => {
    if (tag === 1) into.name = from.readString()
    else if (tag === 2)
      from.readMessage((kind, inner: typeof value, type) => {
        if (kind === 1) type.readMessage(tensor, inner)
      }, into)
  }, value)
}
