import { existsSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EpdError } from '../errors.js'
import { digestOfBytes, isDigestedSync } from '../files/digest.js'
import { placeFileSync } from '../files/place.js'

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

/** A stored file that is missing or is not what was written. */
export class DamagedObject extends EpdError {
  constructor(
    readonly object: StoredObject,
    message: string
  ) {
    super('store-corrupt', message)
  }
}

/** Writes bytes under their digest, unless they are there. */
export function writeObject(root: string, data: Uint8Array, extension: string): StoredObject {
  const object = { digest: digestOfBytes(data), extension, size: data.byteLength }
  if (!isWhole(root, object)) placeFileSync(objectPath(root, object), data, temporaryFolder(root))
  return object
}

/**
 * The bytes of a stored file.
 * @throws DamagedObject if it is missing or is not what was written.
 */
export function readObject(root: string, object: StoredObject): Buffer {
  const path = objectPath(root, object)
  if (!existsSync(path))
    throw new DamagedObject(object, `${path}: a stored file is missing; run again to have its stage computed anew`)
  const data = readFileSync(path)
  if (digestOfBytes(data) !== object.digest)
    throw new DamagedObject(
      object,
      `${path}: a stored file has changed; move it away and run again to have its stage computed anew`
    )
  return data
}

/** What the name of a stored file says, by its path within the folder of the store; undefined where it is another's. */
export function objectAt(path: string): Pick<StoredObject, 'digest' | 'extension'> | undefined {
  const found = OBJECT.exec(path)
  if (!found) return undefined
  const [, folder, digest, extension] = found
  return digest.startsWith(folder) ? { digest, extension } : undefined
}

const OBJECT = /^objects[/\\]([0-9a-f]{2})[/\\]([0-9a-f]{64})\.([A-Za-z0-9]+)$/

/** Whether a file is there in its full size; its bytes are checked when they are read. */
export function hasObject(root: string, object: StoredObject): boolean {
  return statSync(objectPath(root, object), { throwIfNoEntry: false })?.size === object.size
}

/** Whether a file is there and holds what was written. */
export function isWhole(root: string, object: StoredObject): boolean {
  return isDigestedSync(objectPath(root, object), object.size, object.digest)
}

/** The folder of the store whose files these are: a worker's own store has those of the store that it works for. */
export function filesRoot(root: string): string {
  const files = join(root, 'objects')
  return existsSync(files) ? dirname(realpathSync(files)) : root
}

export function removeObject(root: string, object: StoredObject): void {
  rmSync(objectPath(root, object), { force: true })
}

export function temporaryFolder(root: string): string {
  return join(root, 'objects', 'tmp')
}
