import { lstatSync, readdirSync, type Dirent } from 'node:fs'
import { join } from 'node:path'
import { isAbsent } from '../files/reasons.js'
import { objectAt } from './objects.js'

/** A file or folder with all bytes that are in it. */
export interface Sized {
  /** The absolute path. */
  readonly path: string
  readonly bytes: number
}

/** A file that is named by its content, which its name tells. */
export interface ObjectFile extends Sized {
  /** DIGEST.EXTENSION */
  readonly name: string
}

/** The files of a store that are named by their content, whoever refers to them. */
export function objectFiles(root: string): ObjectFile[] {
  const top = join(root, 'objects')
  return entriesOf(top)
    .filter(entry => entry.isDirectory())
    .flatMap(({ name: folder }) =>
      entriesOf(join(top, folder))
        .filter(({ name }) => objectAt(join('objects', folder, name)) !== undefined)
        .map(({ name }) => ({ name, ...sized(join(top, folder, name)) }))
    )
}

/** The folder of the work orders of a store, each of which is named by the key of its stage. */
export function ordersFolder(root: string): string {
  return join(root, 'orders')
}

/** Whether workers may be at something, whose files nothing in the database refers to before it is collected. */
export function hasOrders(root: string): boolean {
  return entriesOf(ordersFolder(root)).some(({ name }) => /^[0-9a-f]{64}\.json$/.test(name))
}

/** The folder of the pictures of each run, by the run's id, which may be there no more. */
export function imageFolders(root: string): ReadonlyMap<string, string> {
  const top = join(root, 'images')
  const folders = entriesOf(top).filter(entry => entry.isDirectory())
  return new Map(folders.map(({ name }) => [name, join(top, name)]))
}

/** A file or folder, with the bytes of all files below it. Links are not followed, and what is gone has none. */
export function sized(path: string): Sized {
  const info = lstatSync(path, { throwIfNoEntry: false })
  if (!info) return { path, bytes: 0 }
  if (!info.isDirectory()) return { path, bytes: info.size }
  return { path, bytes: entriesOf(path).reduce((sum, { name }) => sum + sized(join(path, name)).bytes, 0) }
}

/** What is in a folder; nothing where it is not there, or is deleted meanwhile. */
export function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}
