import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { UnfitFile } from './reasons.js'

/** How much of a file is read. */
export interface ReadOptions {
  /** The most bytes that a file may have; default: 64 MiB, which no text that is written for a program has. */
  readonly most?: number
  /** The way out for a larger one; default: "name a smaller file". */
  readonly wayOut?: string
}

const MOST = 1 << 26

/** To open a named pipe waits for its other end, unless this is asked for. Windows has neither. */
const AT_ONCE = process.platform === 'win32' ? constants.O_RDONLY : constants.O_RDONLY | constants.O_NONBLOCK

/**
 * Opens a file to read it. What is none, and may never end, is refused at once.
 * @throws UnfitFile, or the system's error
 */
export async function openToRead(path: string): Promise<FileHandle> {
  const file = await open(path, AT_ONCE)
  try {
    expectFile(path, await file.stat())
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/**
 * The bytes of a whole file. Of one that grows meanwhile those are read that it had.
 * @throws UnfitFile where it is no file, does not say its size, or is larger than `most`; or the system's error
 */
export async function readWhole(path: string, options: ReadOptions = {}): Promise<Buffer> {
  const file = await openToRead(path)
  try {
    const info = await file.stat()
    expectSize(path, info.size, options)
    const bytes = Buffer.allocUnsafeSlow(Math.max(info.size, 1))
    let at = 0
    for (let read = 1; read > 0 && at < bytes.length; at += read)
      read = (await file.read(bytes, at, Math.min(CHUNK, bytes.length - at), at)).bytesRead
    return sized(path, bytes.subarray(0, at), info)
  } finally {
    await file.close()
  }
}

/** As `readWhole`, without giving the thread away. */
export function readWholeSync(path: string, options: ReadOptions = {}): Buffer {
  const file = openSync(path, AT_ONCE)
  try {
    const info = fstatSync(file)
    expectFile(path, info)
    expectSize(path, info.size, options)
    const bytes = Buffer.allocUnsafeSlow(Math.max(info.size, 1))
    let at = 0
    for (let read = 1; read > 0 && at < bytes.length; at += read)
      read = readSync(file, bytes, at, Math.min(CHUNK, bytes.length - at), at)
    return sized(path, bytes.subarray(0, at), info)
  } finally {
    closeSync(file)
  }
}

/** The first bytes of a file, `count` of them or as many as it has. @throws UnfitFile, or the system's error */
export function readHeadSync(path: string, count: number): Buffer {
  const file = openSync(path, AT_ONCE)
  try {
    const info = fstatSync(file)
    expectFile(path, info)
    const bytes = Buffer.allocUnsafeSlow(count)
    return sized(path, bytes.subarray(0, readSync(file, bytes, 0, count, 0)), info)
  } finally {
    closeSync(file)
  }
}

/** The most bytes that one read takes. Node refuses more than 2 GiB. */
const CHUNK = 1 << 30

function sized(path: string, bytes: Buffer, info: Stats): Buffer {
  if (bytes.length > 0) expectSized(path, info)
  return bytes
}

/**
 * Refuses a file that has bytes and says that it has none, as those of /proc do: it may never end.
 * @throws UnfitFile
 */
export function expectSized(path: string, { size }: Stats): void {
  if (size > 0) return
  throw new UnfitFile(path, 'does not say how many bytes it has, as files of /proc do not; save a copy and name that')
}

function expectSize(path: string, size: number, { most = MOST, wayOut = 'name a smaller file' }: ReadOptions): void {
  if (size <= most) return
  const shown = (bytes: number) =>
    bytes >= 1 << 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`
  throw new UnfitFile(path, `has ${shown(size)}, and at most ${shown(most)} are read; ${wayOut}`)
}

function expectFile(path: string, info: Stats): void {
  if (info.isFile()) return
  if (info.isDirectory()) throw new UnfitFile(path, 'is a folder; name a file in it')
  throw new UnfitFile(path, `is ${kindOf(info)}, which may never end; save what it gives in a file and name that`)
}

function kindOf(info: Stats): string {
  if (info.isFIFO()) return 'a named pipe'
  return info.isSocket() ? 'a socket' : 'a device'
}
