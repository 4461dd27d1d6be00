import { mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EpdError } from '../errors.js'
import { copyOnce } from '../files/copy-once.js'
import { digestOfBytes, digestOfFile, startSha256 } from '../files/digest.js'
import { makeFolder } from '../files/place.js'
import { systemReason } from '../files/reasons.js'
import { ChangedFile } from '../files/verified.js'
import { ELSEWHERE } from '../engines/onnx/compiled.js'
import type { Copies } from '../pipeline/assets.js'
import type { NeededFile } from './needed-files.js'

export interface ScratchOptions {
  /** The folder that `--scratch` names. */
  readonly folder: string
  /** The folder of this worker alone. */
  readonly own: string
  /** The store's folder of compiled graphs. */
  readonly cache: string
  readonly signal: AbortSignal
  readonly onNote: (message: string) => void
}

/** What workers of one machine share on its own disk. */
export interface Scratch {
  /** A folder of compiled graphs, which copies those of the store when they are asked for. */
  readonly cache: string
  /** The same copies, on this machine's disk where they are among the files. */
  readonly localCopies: (copies: Copies, files: readonly NeededFile[]) => Promise<Copies>
}

/**
 * Opens what the workers of this machine share in a folder. What lies there is named by its digest and outlives its
 * workers, so that it may be deleted whenever none runs.
 * @throws EpdError `store-unwritable` where that is another user's, or cannot be written
 */
export function openScratch({ folder, own, cache, signal, onNote }: ScratchOptions): Scratch {
  const shared = ownFolder(join(folder, `epd-run-${process.getuid?.() ?? 'shared'}`))
  const graphs = join(shared, 'cache', digestOfBytes(cache).slice(0, 16))
  makeFolder(graphs)
  link(cache, join(graphs, ELSEWHERE))
  const local = async ({ path, digest, size }: NeededFile): Promise<string> => {
    const target = join(shared, 'files', digest)
    const copied = () => copyOnce({ source: path, target, size, start: startSha256, sum: digest, signal })
    if ((await copied()) || (await digestOfFile(target)) === digest) return target
    await rm(target, { force: true })
    await copied()
    return target
  }
  const localOr = async (file: NeededFile): Promise<readonly [string, string][]> => {
    try {
      return [[file.path, await local(file)]]
    } catch (error) {
      if (error instanceof ChangedFile) throw new EpdError('checkpoint-invalid', `${error.message}; resume the run`)
      const reason = systemReason(error)
      if (reason === undefined) throw error
      onNote(`${shared}: ${reason}; ${file.path} is read where it is`)
      return []
    }
  }
  return {
    cache: graphs,
    async localCopies(copies, files) {
      const found = new Map((await Promise.all(files.map(localOr))).flat())
      const seen = [...copies].map(([location, copy], i) => {
        const target = join(own, 'files', String(i))
        return [location, { ...copy, path: view(copy.path, target, found) }] as const
      })
      return new Map(seen)
    }
  }
}

/** @throws EpdError `store-unwritable` */
function ownFolder(path: string): string {
  makeFolder(dirname(path))
  unlessThere(() => {
    mkdirSync(path, { mode: 0o700 })
  })
  const uid = process.getuid?.()
  if (uid !== undefined && statSync(path).uid !== uid)
    throw new EpdError('store-unwritable', `${path}: is another user's; name another folder for --scratch`)
  return path
}

function link(to: string, path: string): void {
  unlessThere(() => {
    symlinkSync(to, path, 'dir')
  })
}

function unlessThere(make: () => void): void {
  try {
    make()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

/**
 * A file or a folder as it is, with links in place of the files that have copies. What stands beside a file is read
 * too, such as its config.json, so that it has the same neighbours. Returns its path.
 */
function view(path: string, target: string, copies: ReadonlyMap<string, string>): string {
  const isFolder = statSync(path).isDirectory()
  if (isFolder) return mirror(path, target, copies, true)
  return copies.has(path) ? join(mirror(dirname(path), target, copies, false), basename(path)) : path
}

function mirror(folder: string, target: string, copies: ReadonlyMap<string, string>, goesDown: boolean): string {
  mkdirSync(target, { recursive: true })
  for (const name of readdirSync(folder)) {
    const [from, to] = [join(folder, name), join(target, name)]
    if (goesDown && statSync(from, { throwIfNoEntry: false })?.isDirectory()) mirror(from, to, copies, true)
    else symlinkSync(copies.get(from) ?? from, to)
  }
  return target
}
