import { dirname, join, resolve } from 'node:path'
import { EpdError } from '../errors.js'
import { readNote, writeNote } from '../files/sealed.js'
import { packageVersion } from '../pipeline/version.js'
import { ordersFolder } from '../store/folders.js'
import { child, isMapping } from '../reading/plain.js'
import type { Store, StoreContents } from '../store/store.js'
import type { NeededFile } from './needed-files.js'

/** What a stage that another one reads has left. */
export interface OrderInput {
  readonly key: string
  readonly kind: string
  readonly params: unknown
  readonly provenance: unknown
  readonly nfe: number | null
  readonly evaluations: number | null
  readonly contents: StoreContents
}

/** All that a worker needs to compute a stage, and nothing of where it does so. */
export interface WorkOrder {
  /** The version of the program; a worker of another one refuses it. */
  readonly version: string
  readonly key: string
  /** The name of the stage in the spec. */
  readonly stage: string
  readonly spec: OrderSpec
  /** Predictors of the store that the spec names, as `export` writes them. */
  readonly predictors: Readonly<Record<string, unknown>>
  readonly inputs: readonly OrderInput[]
  /** The larger files that the spec names, as the coordinator has read them. */
  readonly files: readonly NeededFile[]
}

export interface OrderSpec {
  readonly file: string
  readonly text: string
  readonly overrides: readonly string[]
  readonly allowMismatch: boolean
}

export function orderFile(root: string, key: string): string {
  return join(ordersFolder(root), `${key}.json`)
}

/** The store that an order was written for. */
export function storeOf(order: string): string {
  return dirname(dirname(resolve(order)))
}

export function inputOf(store: Store, key: string): OrderInput {
  const found = store.stage(key)
  if (!found) throw new EpdError('store-corrupt', `the stage ${key.slice(0, 12)} is missing from the store; run again`)
  const { kind, params, provenance, nfe, evaluations } = found
  // Nobody reads how a predictor was found but who goes on with it.
  const contents = { ...store.contents(key), iterations: [] }
  return { key, kind, params, provenance, nfe, evaluations, contents }
}

export async function writeOrder(root: string, order: Omit<WorkOrder, 'version'>): Promise<string> {
  const file = orderFile(root, order.key)
  await writeNote(file, { version: packageVersion(), ...order })
  return file
}

/** @throws EpdError `not-found`, `order-invalid` */
export async function readOrder(file: string): Promise<WorkOrder> {
  const note = await readNote(file)
  if (note.state === 'missing') throw new EpdError('not-found', `${file}: there is no such work order`)
  if (note.state === 'damaged' || !isOrder(note.content))
    throw new EpdError(
      'order-invalid',
      `${file}: is no work order, or was changed since it was written; resume its run to have it written again`
    )
  const { version } = note.content
  if (version !== packageVersion())
    throw new EpdError(
      'order-invalid',
      `${file}: is of version ${version}, this epd-run is ${packageVersion()}; the same version must be installed on every machine of a run`
    )
  return note.content
}

function isOrder(value: unknown): value is WorkOrder {
  const spec = child(value, 'spec')
  const [inputs, files] = [child(value, 'inputs'), child(value, 'files')]
  const texts = [...['version', 'key', 'stage'].map(key => child(value, key)), child(spec, 'file'), child(spec, 'text')]
  return (
    texts.every(text => typeof text === 'string') &&
    Array.isArray(child(spec, 'overrides')) &&
    isMapping(child(value, 'predictors')) &&
    Array.isArray(inputs) &&
    inputs.every(input => isMapping(child(input, 'contents'))) &&
    Array.isArray(files) &&
    files.every(file => ['path', 'digest'].every(key => typeof child(file, key) === 'string'))
  )
}
