import { EpdError } from '../errors.js'
import { byteSize, type DType, type Tensor } from './tensor.js'

const DTYPES = new Map<unknown, DType>([
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U8', 'uint8'],
  ['BOOL', 'bool']
])

/** Whether bytes begin as a safetensors file does: the header's length, then its JSON. */
export function isSafetensors(bytes: Buffer): boolean {
  return bytes.length > 8 && bytes.readBigUInt64LE(0) <= BigInt(bytes.length - 8) && bytes[8] === 0x7b
}

/** Tensors of a safetensors file (huggingface/safetensors, format of version 0.x) by name; the data is not copied. */
export function readSafetensors(bytes: Buffer, path: string): Map<string, Tensor> {
  const invalid = (what: string) =>
    new EpdError('checkpoint-invalid', `${path}: broken safetensors file: ${what}; download or copy it again`)
  if (!isSafetensors(bytes)) throw invalid('no header')
  const start = 8 + Number(bytes.readBigUInt64LE(0))
  const header = parseHeader(bytes.toString('utf8', 8, start))
  if (!header) throw invalid('its header is not a JSON object')
  const tensors = new Map<string, Tensor>()
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const tensor = isRecord(entry) ? toTensor(entry, bytes.subarray(start)) : undefined
    if (!tensor) throw invalid(`tensor "${name}" does not fit its type, its shape or the file`)
    tensors.set(name, tensor)
  }
  return tensors
}

function toTensor(entry: Readonly<Record<string, unknown>>, data: Buffer): Tensor | undefined {
  const dtype = DTYPES.get(entry.dtype)
  const { shape, data_offsets: offsets } = entry
  if (!dtype || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) return undefined
  const [from, to] = offsets
  if (to > data.length || to - from !== byteSize(dtype, shape)) return undefined
  return { kind: 'tensor', dtype, shape, data: data.subarray(from, to) }
}

function parseHeader(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(size => Number.isSafeInteger(size) && size >= 0)
}
