import { constants } from 'node:buffer'
import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readZip } from '../checkpoints/zip.js'
import { EpdError } from '../errors.js'

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
    head: (name, count) => firstBytes(join(root, name), count),
    bytes: name => readFileSync(join(root, name))
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

export function firstBytes(path: string, count: number): Uint8Array {
  const file = openSync(path, 'r')
  try {
    const bytes = new Uint8Array(count)
    return bytes.subarray(0, readSync(file, bytes, 0, count, 0))
  } finally {
    closeSync(file)
  }
}

/** The files of a zip archive, which is held in memory. @throws EpdError */
export function archive(path: string): Place {
  const zip = readZip(wholeFile(path), path)
  const read = (name: string): Uint8Array => zip.read(name) ?? new Uint8Array(0)
  return { names: zip.names.filter(name => !/[/\\]$/.test(name)), passed: [], head: read, bytes: read }
}

/** The most bytes that one read takes. Node's readFileSync refuses files above 2 GiB. */
const CHUNK = 1 << 30

function wholeFile(path: string): Buffer {
  const { size } = statSync(path)
  if (size > constants.MAX_LENGTH)
    throw new EpdError(
      'images-invalid',
      `${path}: has ${(size / 2 ** 30).toFixed(1)} GiB, and this Node.js holds ${constants.MAX_LENGTH / 2 ** 30} ` +
        'GiB at once; unpack it into a folder'
    )
  const bytes = Buffer.allocUnsafeSlow(size)
  const file = openSync(path, 'r')
  try {
    for (let at = 0; at < size;) {
      const read = readSync(file, bytes, at, Math.min(CHUNK, size - at), at)
      if (read === 0) return bytes.subarray(0, at)
      at += read
    }
    return bytes
  } finally {
    closeSync(file)
  }
}

/** The names of what systems leave beside a user's files. */
const LITTER = ['__macosx', 'thumbs.db', 'desktop.ini']

/** Whether a file or folder is hidden, or one that a system has left there. */
export function isLitter(name: string): boolean {
  return name.startsWith('.') || LITTER.includes(name.toLowerCase())
}
