import { basename, extname } from 'node:path'
import { readCheckpointFile } from '../checkpoints/checkpoint.js'
import type { Content } from '../checkpoints/format.js'
import { formatOf, readContent } from '../checkpoints/formats.js'
import { encodeSafetensors } from '../checkpoints/safetensors.js'
import { elementCount, isMap, toFloat64, type Tensor } from '../checkpoints/tensor.js'
import { EpdError } from '../errors.js'
import { parseShallow } from '../reading/json.js'
import { isMapping } from '../reading/plain.js'
import { isTable } from '../solvers/learned.js'
import { isDyweightSnapshot, readDyweight } from './dyweight-snapshot.js'
import { isGeneralized, readGeneralized } from './generalized.js'
import { parseRecord, type PredictorRecord } from './record.js'
import { plainParameters, tableOfRecord, TABLE_UNITS } from './record-table.js'
import { isSnapshot, readSnapshot } from './snapshot.js'
import { listIn, listRecord, type ListUse } from './time-list.js'
import { areOfTable, tableFrom, tableTensors } from './table-tensors.js'
import { written, writtenRecord } from './written.js'

/** What files say of themselves. */
const FORMAT = 'epd-run predictor'

/** What files of some layouts do not say of themselves. */
export interface Said extends ListUse {
  /** The configuration of GAS's code that a student of it was trained with, as `cifar10`. */
  readonly configuration?: string
}

/** A list of time points in a file is not longer. */
const LIST_BYTES = 1 << 20

/**
 * Reads a predictor from a file: JSON or safetensors as `encodeJson` and `encodeTensors` write them; a snapshot of the
 * code of EPD-Solver, EPD-Solver++ or DyWeight (.pkl); a checkpoint of GAS's (.pt); or a list of time points as JSON or
 * text.
 * @param name what to call the predictor; default: what the file calls it, or the file's own name
 * @param said what a list and a checkpoint of GAS leave open
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `predictor-invalid`
 */
export async function readPredictor(path: string, name?: string, said: Said = {}): Promise<PredictorRecord> {
  const file = { bytes: await readCheckpointFile(path), path }
  const own = name ?? snapshotName(path)
  if (formatOf(file) === undefined) {
    const list = file.bytes.length <= LIST_BYTES ? listIn(file.bytes.toString('utf8')) : undefined
    if (list) return listRecord(list, said, own, path)
    if (/^\s*\{/.test(file.bytes.subarray(0, 64).toString('utf8')))
      return parseRecord(renamed(parsed(file.bytes, path), name), path)
  }
  const content = readContent(file)
  if (content.kind === 'tensors') return parseRecord(renamed(fromTensors(content, path), name), path)
  if (isSnapshot(content.tree)) return readSnapshot(content.tree, own, path)
  if (isDyweightSnapshot(content.tree)) return readDyweight(content.tree, own, path)
  if (isGeneralized(content.tree)) return readGeneralized(content.tree, own, path, said.configuration)
  if (isMap(content.tree) && content.tree.has('dyweight_params'))
    throw new EpdError(
      'predictor-invalid',
      `${path}: is a student of DyWeight's code for FLUX, whose recursion in velocities is not known here; only its snapshots (.pkl) are read`
    )
  throw new EpdError(
    'predictor-invalid',
    `${path}: holds no predictor; expected a snapshot of the code of EPD-Solver, DyWeight or GAS, a list of time points, or an exported predictor`
  )
}

/** Its file's name; the folder's where the file has the name that the paper's code gives to all. */
function snapshotName(path: string): string {
  const name = basename(path, extname(path))
  return name.startsWith('network-snapshot') ? basename(path.split(/[\\/]/).slice(0, -1).join('/')) || name : name
}

function renamed(value: unknown, name: string | undefined): unknown {
  return name === undefined || !isMapping(value) ? value : { ...value, name }
}

function parsed(bytes: Buffer, path: string): unknown {
  try {
    return parseShallow(bytes.toString('utf8'))
  } catch (error) {
    throw new EpdError('predictor-invalid', `${path}: is not JSON: ${String(error)}`, { cause: error })
  }
}

/**
 * A predictor as the bytes of a JSON file, which `readPredictor` reads back bit for bit. Beside what it reads stand the
 * parameters in plain values with their units, and the table that the sampler is, or why it is none.
 */
export function encodeJson(record: PredictorRecord): Buffer {
  return Buffer.from(`${JSON.stringify(described(record), null, 2)}\n`)
}

/** A predictor as JSON export writes it. */
export function described(record: PredictorRecord): Readonly<Record<string, unknown>> {
  const parameters = plainParameters(record)
  return { format: FORMAT, ...writtenRecord(record), ...(parameters && { parameters }), ...tableOrReason(record) }
}

function tableOrReason(record: PredictorRecord): Readonly<Record<string, unknown>> {
  try {
    return { table: written({ ...tableOfRecord(record), units: TABLE_UNITS }) }
  } catch (error) {
    if (error instanceof EpdError && error.code === 'no-table') return { noTable: error.message }
    throw error
  }
}

/**
 * A predictor as the bytes of a safetensors file, which `readPredictor` reads back bit for bit. All numbers of what
 * was learned are float64 tensors under their paths (`r`, `layers.encoder.weight`), those of a table the flat ones of
 * `tableTensors`; the rest is metadata.
 */
export function encodeTensors({ learned, ...rest }: PredictorRecord): Buffer {
  if (isTable(learned)) {
    const { tensors, start } = tableTensors(learned)
    return encoded(tensors, { ...rest, learned: { start } })
  }
  const tensors = new Map<string, Tensor>()
  return encoded(tensors, { ...rest, learned: split(learned, [], tensors) })
}

function encoded(tensors: ReadonlyMap<string, Tensor>, rest: object): Buffer {
  return encodeSafetensors(tensors, { format: FORMAT, predictor: JSON.stringify(rest) })
}

/** Takes lists of numbers out of plain data. */
function split(value: unknown, path: readonly string[], tensors: Map<string, Tensor>): unknown {
  if (Array.isArray(value)) {
    const rows: readonly unknown[] = value
    const shape = Array.isArray(rows[0]) ? [rows.length, rows[0].length] : [rows.length]
    const data = new Uint8Array(Float64Array.from(rows.flat(), Number).buffer)
    tensors.set(path.join('.'), { kind: 'tensor', dtype: 'float64', shape, data })
    return undefined
  }
  if (!isMapping(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, split(part, [...path, key], tensors)]))
}

function fromTensors({ tensors, metadata }: Extract<Content, { kind: 'tensors' }>, path: string): unknown {
  const { predictor } = metadata()
  if (predictor === undefined)
    throw new EpdError('predictor-invalid', `${path}: its metadata has no "predictor"; expected an exported predictor`)
  const record = parsed(Buffer.from(predictor), path)
  if (!isMapping(record) || !isMapping(record.learned)) return record
  if (areOfTable(tensors)) return { ...record, learned: tableOfTensors(tensors, record.learned.start, path) }
  const learned = { ...record.learned }
  for (const [name, tensor] of tensors) put(learned, name.split('.'), nested(tensor))
  return { ...record, learned }
}

function tableOfTensors(tensors: ReadonlyMap<string, Tensor>, start: unknown, path: string): unknown {
  try {
    return tableFrom(tensors, start)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new EpdError('predictor-invalid', `${path}: ${error.message}`, { cause: error })
  }
}

function put(into: Record<string, unknown>, [key, ...rest]: readonly string[], value: unknown): void {
  const own = Object.hasOwn(into, key) ? into[key] : undefined
  const inner = isMapping(own) ? { ...own } : {}
  if (rest.length > 0) put(inner, rest, value)
  Object.defineProperty(into, key, {
    value: rest.length > 0 ? inner : value,
    enumerable: true,
    configurable: true,
    writable: true
  })
}

function nested(tensor: Tensor): unknown {
  const values = [...toFloat64(tensor)]
  if (tensor.shape.length < 2) return values
  const width = tensor.shape[1]
  return Array.from({ length: elementCount(tensor.shape) / width }, (_, i) => values.slice(i * width, (i + 1) * width))
}
