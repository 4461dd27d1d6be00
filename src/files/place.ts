import { createHash, randomUUID } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
  type Dirent
} from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { checkHeld } from './held.js'
import { sightOf, thisProcess } from './processes.js'
import { codeOf } from './reasons.js'

/**
 * Puts a file in its place: it is written under a temporary name, synced and renamed, and the folder is synced. A
 * reader finds the whole file or none, and what was placed outlives a power cut.
 */
export async function placeFile(path: string, parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = prepare(path, dirname(path))
  try {
    const file = await open(temporary, 'wx')
    try {
      for await (const part of parts) await file.writeFile(part)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    persistFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/**
 * Puts a small file in its place as placeFile does, without giving the thread away. `temporaries` is the folder of the
 * temporary file; default: the file's own, which is taken too where that folder is on another disk.
 */
export function placeFileSync(path: string, data: Uint8Array, temporaries: string = dirname(path)): void {
  try {
    placeBy(temporaries, path, data)
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error
    placeBy(dirname(path), path, data)
  }
}

function placeBy(temporaries: string, path: string, data: Uint8Array): void {
  const temporary = prepare(path, temporaries)
  try {
    const file = openSync(temporary, 'wx')
    try {
      for (let written = 0; written < data.byteLength;) written += writeSync(file, data, written)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
    persistFolder(dirname(path))
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/**
 * Puts a file in its place that can be made again: a reader finds the whole file or none, but a power cut may leave an
 * empty one, since nothing is synced. That takes a hundredth of the time.
 */
export function placeQuicklySync(path: string, data: Uint8Array): void {
  const temporary = prepare(path, dirname(path))
  try {
    writeFileSync(temporary, data, { flag: 'wx' })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Folders whose abandoned files this process has removed. */
const tidied = new Set<string>()

function prepare(path: string, temporaries: string): string {
  makeFolder(dirname(path))
  makeFolder(temporaries)
  if (!tidied.has(temporaries)) {
    tidied.add(temporaries)
    removeAbandoned(temporaries)
  }
  return join(temporaries, temporaryName())
}

/** A name that no other file has, and that tells which process writes it. */
export function temporaryName(): string {
  return `${randomUUID()}.${writer()}.tmp`
}

/** Names the process that writes a temporary file, so that another can see whether it is still there. */
function writer(): string {
  const { machine, pid, began } = thisProcess()
  return `${pid}-${began}-${shortDigest(machine)}`
}

function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const OURS = new RegExp(`^${UUID}\\.(\\d+)-(\\d*)-([0-9a-f]{8})\\.tmp$`)
/** Temporary files of earlier versions, whose names do not tell who writes them. */
const EARLIER = new RegExp(`^${UUID}$|\\.${UUID}\\.tmp$|\\.png\\.\\d+\\.tmp$`)

/** A temporary file whose writer cannot be seen is taken for abandoned once nothing was written to it for so long. */
const ABANDONED_AFTER = 3_600_000

/**
 * Removes the temporary files that killed processes have left in a folder. Those of processes that still write stay.
 */
export function removeAbandoned(folder: string): void {
  for (const { name } of entriesOf(folder)) {
    const path = join(folder, name)
    if (isAbandoned(name, path)) rmSync(path, { force: true })
  }
}

/** Does so in a folder and in all folders below it. */
export function removeAbandonedBelow(folder: string): void {
  removeAbandoned(folder)
  for (const entry of entriesOf(folder)) if (entry.isDirectory()) removeAbandonedBelow(join(folder, entry.name))
}

function isAbandoned(name: string, path: string): boolean {
  const ours = OURS.exec(name)
  if (!ours && !EARLIER.test(name)) return false
  const sight = ours ? sightOfWriter(ours) : 'unknown'
  if (sight !== 'unknown') return sight === 'gone'
  const info = statSync(path, { throwIfNoEntry: false })
  return info?.isFile() === true && Date.now() - info.mtimeMs > ABANDONED_AFTER
}

function sightOfWriter([, pid, began, where]: RegExpExecArray): ReturnType<typeof sightOf> {
  const { machine } = thisProcess()
  return where === shortDigest(machine) ? sightOf({ machine, pid: Number(pid), began }) : 'unknown'
}

function entriesOf(folder: string): Dirent[] {
  return isFolder(folder) ? readdirSync(folder, { withFileTypes: true }) : []
}

/**
 * Makes a folder and those above it; another process may make them at the same time. Node's own `recursive` never ends
 * below a folder such as /proc, which says of every name that it is not there.
 * @throws EpdError `store-lost` in a folder that is held and is no longer what it was
 */
export function makeFolder(path: string): void {
  checkHeld(path)
  makeMissing(path)
}

function makeMissing(path: string): void {
  if (isFolder(path)) return
  makeMissing(dirname(path))
  try {
    mkdirSync(path)
    persistFolder(dirname(path))
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
