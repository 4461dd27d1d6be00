import { EpdError } from '../errors.js'
import { byteSize, isRecord, type DType, type Tensor } from './tensor.js'

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

/** The texts that a safetensors file carries beside its tensors. @throws EpdError `checkpoint-invalid` */
export function safetensorsMetadata(bytes: Buffer, path: string): Readonly<Partial<Record<string, string>>> {
  const header = parseHeader(bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE(0))))
  const metadata = header?.__metadata__ ?? {}
  if (!isTexts(metadata))
    throw new EpdError('checkpoint-invalid', `${path}: broken safetensors file: its metadata is no mapping of texts`)
  return metadata
}

/** Tensors and texts as a safetensors file. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>
): Buffer {
  return Buffer.concat([safetensorsHeader(tensors, metadata), ...[...tensors.values()].map(({ data }) => data)])
}

/** What stands before the tensors' data, which follows in the same order. */
export function safetensorsHeader(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {}
): Buffer {
  let end = 0
  const entries = [...tensors].map(([name, { dtype, shape, data }]) => {
    const begin = end
    end += data.byteLength
    const type = [...DTYPES].find(([, known]) => known === dtype)?.[0]
    return [name, { dtype: type, shape, data_offsets: [begin, end] }] as const
  })
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }))
  // Tensors begin at a multiple of 8.
  const spaces = Buffer.alloc((8 - (header.length % 8)) % 8, ' ')
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length + spaces.length))
  return Buffer.concat([length, header, spaces])
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every(text => typeof text === 'string')
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

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(size => Number.isSafeInteger(size) && size >= 0)
}
