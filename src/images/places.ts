import { constants } from 'node:buffer'
import { readdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readZip } from '../checkpoints/zip.js'
import { readHeadSync, readWholeSync } from '../files/read.js'

/** The files under a folder or in an archive, by their names from there. */
export interface Place {
  readonly names: readonly string[]
  /**
   * The places that are not looked into: hidden folders, and links that lead nowhere or to a folder that is listed
   * already.
   */
  readonly passed: readonly string[]
  /** A file's first bytes, `count` of them or more where it has as many. */
  readonly head: (name: string, count: number) => Uint8Array
  readonly bytes: (name: string) => Uint8Array
}

/** All files of a folder and of the folders in it; each folder is listed once, however many links lead to it. */
export function folder(root: string): Place {
  const names: string[] = []
  const passed: string[] = []
  const seen = new Set<string>()
  let layer = ['']
  // Links are followed after the folders themselves, so that a folder's files have the names that are its own.
  while (layer.length > 0) {
    const links: string[] = []
    for (const path of layer) walk(root, path, seen, { names, passed, links })
    layer = links
  }
  return {
    names,
    passed,
    head: (name, count) => readHeadSync(join(root, name), count),
    bytes: name => readWholeSync(join(root, name), { most: MOST_OF_IMAGE })
  }
}

interface Found {
  readonly names: string[]
  readonly passed: string[]
  readonly links: string[]
}

function walk(root: string, path: string, seen: Set<string>, found: Found): void {
  const { names, passed, links } = found
  const real = realpathSync(join(root, path))
  if (seen.has(real)) {
    passed.push(`${path}/`)
    return
  }
  seen.add(real)
  for (const entry of readdirSync(real, { withFileTypes: true })) {
    const name = path === '' ? entry.name : `${path}/${entry.name}`
    const target = entry.isSymbolicLink() ? statSync(join(root, name), { throwIfNoEntry: false }) : entry
    if (target?.isFile()) names.push(name)
    else if (!target?.isDirectory()) passed.push(name)
    else if (isLitter(entry.name)) passed.push(`${name}/`)
    else if (entry.isSymbolicLink()) links.push(name)
    else walk(root, name, seen, found)
  }
}

/** Bytes that no image file of any use has. */
const MOST_OF_IMAGE = 1 << 30

/** The files of a zip archive, which is held in memory. @throws EpdError */
export function archive(path: string): Place {
  const zip = readZip(readWholeSync(path, { most: constants.MAX_LENGTH, wayOut: 'unpack it into a folder' }), path)
  const read = (name: string): Uint8Array => zip.read(name) ?? new Uint8Array(0)
  return { names: zip.names.filter(name => !/[/\\]$/.test(name)), passed: [], head: read, bytes: read }
}

/** The names of what systems leave beside a user's files. */
const LITTER = ['__macosx', 'thumbs.db', 'desktop.ini']

/** Whether a file or folder is hidden, or one that a system has left there. */
export function isLitter(name: string): boolean {
  return name.startsWith('.') || LITTER.includes(name.toLowerCase())
}
