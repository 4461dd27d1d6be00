import { createHash, randomUUID } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { EpdError } from '../errors.js'

/** A file named by its content. */
export interface StoredObject {
  /** SHA-256 of its bytes, hexadecimal. */
  readonly digest: string
  readonly extension: string
  readonly size: number
}

export function objectPath(root: string, { digest, extension }: Pick<StoredObject, 'digest' | 'extension'>): string {
  return join(root, 'objects', digest.slice(0, 2), `${digest}.${extension}`)
}

/** Writes bytes under their digest: to a temporary name first, then renamed, so that a file there is always whole. */
export function writeObject(root: string, data: Uint8Array, extension: string): StoredObject {
  const digest = digestOf(data)
  const object = { digest, extension, size: data.byteLength }
  const path = objectPath(root, object)
  if (hasObject(root, object) && digestOf(readFileSync(path)) === digest) return object
  makeFolder(dirname(path))
  const temporary = join(temporaryFolder(root), randomUUID())
  try {
    writeWhole(temporary, data)
    renameSync(temporary, path)
    persistFolder(dirname(path))
    persistFolder(dirname(dirname(path)))
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  return object
}

/**
 * The bytes of a stored file.
 * @throws EpdError `store-corrupt` if it is missing or is not what was written.
 */
export function readObject(root: string, object: StoredObject): Buffer {
  const path = objectPath(root, object)
  if (!existsSync(path))
    throw new EpdError('store-corrupt', `${path}: a stored file is missing; run again to have its stage computed anew`)
  const data = readFileSync(path)
  if (digestOf(data) !== object.digest)
    throw new EpdError(
      'store-corrupt',
      `${path}: a stored file has changed; delete it and run again to have its stage computed anew`
    )
  return data
}

/** Whether a file is there in its full size; its bytes are checked when they are read. */
export function hasObject(root: string, object: StoredObject): boolean {
  return statSync(objectPath(root, object), { throwIfNoEntry: false })?.size === object.size
}

const ABANDONED_AFTER = 3_600_000

/** Removes what a killed process left half written an hour ago or more. */
export function removeAbandoned(root: string): void {
  const folder = temporaryFolder(root)
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const info = statSync(path, { throwIfNoEntry: false })
    if (info && Date.now() - info.mtimeMs > ABANDONED_AFTER) rmSync(path, { force: true })
  }
}

function temporaryFolder(root: string): string {
  const folder = join(root, 'objects', 'tmp')
  makeFolder(folder)
  return folder
}

/**
 * Makes a folder and those above it; another process may make them at the same time. Node's own `recursive` never ends below a
 * folder such as /proc, which says of every name that it is not there.
 */
export function makeFolder(path: string): void {
  if (isFolder(path)) return
  makeFolder(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    if (!isFolder(path)) throw error
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** Makes the names in a folder outlive a power cut. Windows has no such call and needs none. */
function persistFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function digestOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function writeWhole(path: string, data: Uint8Array): void {
  const file = openSync(path, 'wx')
  try {
    for (let written = 0; written < data.byteLength;) written += writeSync(file, data, written)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
