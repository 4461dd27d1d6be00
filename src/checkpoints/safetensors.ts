import { EpdError } from '../errors.js'
import type { Format } from './format.js'
import { elementCount, isRecord, itemSize, type DType, type Tensor } from './tensor.js'

const DTYPES = new Map<string, DType>([
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

/** A file of tensors by name, with texts beside them (huggingface/safetensors). */
export const SAFETENSORS: Format = {
  name: 'safetensors',
  recognises: ({ bytes }) => isSafetensors(bytes),
  read: ({ bytes, path }) => ({
    kind: 'tensors',
    tensors: readSafetensors(bytes, path),
    metadata: () => safetensorsMetadata(bytes, path)
  })
}

/** Whether bytes begin as a safetensors file does: the header's length, then its JSON. */
function isSafetensors(bytes: Buffer): boolean {
  return bytes.length > 8 && bytes.readBigUInt64LE(0) <= BigInt(bytes.length - 8) && bytes[8] === 0x7b
}

/** Bytes in which some 150,000 tensors have room. They are read in a second or two. */
const MAX_HEADER = 1 << 24

/** The tensors of a safetensors file (huggingface/safetensors, version 0.x) by name. The data is not copied. */
export function readSafetensors(bytes: Buffer, path: string): Map<string, Tensor> {
  const invalid = (what: string) =>
    new EpdError('checkpoint-invalid', `${path}: broken safetensors file: ${what}; download or copy it again`)
  if (!isSafetensors(bytes)) throw invalid('no header')
  const start = 8 + Number(bytes.readBigUInt64LE(0))
  if (start > MAX_HEADER)
    throw new EpdError(
      'checkpoint-invalid',
      `${path}: its header has ${start} bytes, and that of a network has at most ${MAX_HEADER}; save fewer tensors in it`
    )
  const text = bytes.toString('utf8', 8, start)
  const header = parseHeader(text)
  if (!header) throw invalid('its header is not a JSON object')
  const twice = repeatedKey(text)
  if (twice !== undefined) throw invalid(`its header has "${twice}" twice`)
  const data = bytes.subarray(start)
  const places: Place[] = []
  const unknown: string[] = []
  const tensors = new Map<string, Tensor>()
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const place = isRecord(entry) ? placeOf(name, entry, data.length) : undefined
    if (!place) throw invalid(`tensor "${name}" does not fit its type, its shape or the file`)
    places.push(place)
    const { dtype, shape, from, to, type } = place
    if (dtype) tensors.set(name, { kind: 'tensor', dtype, shape, data: data.subarray(from, to) })
    else unknown.push(`${type} of "${name}"`)
  }
  const gap = misplaced(places)
  if (gap !== undefined) throw invalid(gap)
  if (unknown.length > 0)
    throw new EpdError(
      'checkpoint-invalid',
      `${path}: type ${unknown[0]}${unknown.length > 1 ? `, and of ${unknown.length - 1} more tensors,` : ''} is ` +
        `not supported; known are ${[...DTYPES.keys()].join(', ')}`
    )
  return tensors
}

/** The place of a tensor within the data. */
interface Place {
  readonly name: string
  readonly type: string
  readonly dtype?: DType
  readonly shape: readonly number[]
  readonly from: number
  readonly to: number
}

/** The bits of an element, for types that are in use and not known here. */
const BITS: Readonly<Partial<Record<string, number>>> = {
  ...{ U16: 16, U32: 32, U64: 64, C64: 64, C128: 128 },
  ...{ F8_E4M3: 8, F8_E5M2: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8, F6_E2M3: 6, F6_E3M2: 6, F4: 4 }
}

/** The place of a tensor; undefined where it does not fit its type, its shape or the data. */
function placeOf(name: string, entry: Readonly<Record<string, unknown>>, length: number): Place | undefined {
  const { dtype: type, shape, data_offsets: offsets } = entry
  if (typeof type !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) return undefined
  const [from, to] = offsets
  if (to > length || to < from) return undefined
  const dtype = DTYPES.get(type)
  const bits = dtype ? 8 * itemSize(dtype) : BITS[type]
  if (bits !== undefined && 8 * (to - from) !== bits * elementCount(shape)) return undefined
  return { name, type, dtype, shape, from, to }
}

/**
 * The fault of the tensors' places in the data, which they must fill one after another; undefined where there is none.
 * Bytes behind the last are of no tensor, and change none.
 */
function misplaced(places: readonly Place[]): string | undefined {
  let end = 0
  for (const { name, from, to } of [...places].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== end) return `tensor "${name}" ${from > end ? 'leaves a hole before it' : 'lies over another'}`
    end = to
  }
  return undefined
}

/** A key that an object of the header, or the header itself, has twice. JSON.parse would take the last. */
function repeatedKey(text: string): string | undefined {
  const open: Set<string>[] = []
  const tokens = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?|[{}]/gs
  for (const [token, key, colon] of text.matchAll(tokens)) {
    if (token === '{') open.push(new Set())
    else if (token === '}') open.pop()
    else if (colon) {
      const name = String(JSON.parse(`"${key}"`))
      const keys = open.at(-1)
      if (keys?.has(name)) return name
      keys?.add(name)
    }
  }
  return undefined
}

/** The texts that a safetensors file carries beside its tensors. @throws EpdError `checkpoint-invalid` */
function safetensorsMetadata(bytes: Buffer, path: string): Readonly<Partial<Record<string, string>>> {
  const header = parseHeader(bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE(0))))
  const metadata = header?.__metadata__ ?? {}
  if (!isTexts(metadata))
    throw new EpdError('checkpoint-invalid', `${path}: broken safetensors file: its metadata is no mapping of texts`)
  return metadata
}

/** Encodes tensors and texts as a safetensors file. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>
): Buffer {
  return Buffer.concat([safetensorsHeader(tensors, metadata), ...[...tensors.values()].map(({ data }) => data)])
}

/** The header before the tensors' data, which follows in the header's order. */
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
