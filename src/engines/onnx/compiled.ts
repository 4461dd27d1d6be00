import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EpdError } from '../../errors.js'
import { checksumOfBytes, startChecksum } from '../../files/checksum.js'
import { copyOnce } from '../../files/copy-once.js'
import { systemReason } from '../../files/reasons.js'
import { readNote, writeNote } from '../../files/sealed.js'
import { ChangedFile, openVerified } from '../../files/verified.js'
import type { Session } from '../session.js'
import { COMPILER_VERSION, writeGraph, type GraphFile } from './compile.js'
import type { GraphProto } from './proto.js'
import type { SessionOptions } from './session.js'

/** A graph that lies compiled in a folder, with what was noted of it. */
export interface Compiled<About> {
  /** SHA-256 over graph and weights. */
  readonly graph: string
  readonly about: About
  /**
   * Starts a session of it. What is run is what was compiled: files that do not hold it any more are compiled again,
   * and `onNote` is told.
   * @throws EpdError `engine-failed`
   */
  readonly open: (settings?: Omit<SessionOptions, 'path' | 'folder'>) => Promise<Session>
}

export interface CompileOptions<About> {
  readonly folder: string
  /** Names what is compiled: other content, another name. */
  readonly name: string
  /** Whether a note's plain data is what is looked for; a note that is not is made anew. */
  readonly isAbout: (value: unknown) => value is About
  readonly make: () => Promise<{ graph: GraphProto; about: About }>
  /** Told of a file that is damaged and made anew. */
  readonly onNote?: (message: string) => void
}

/** What is noted of a compiled graph. */
interface Noted<About> {
  readonly graph: string
  readonly files: readonly GraphFile[]
  readonly about: About
}

/** The version of a note's form; notes of another version are passed over. */
const NOTES = 3

/** A note of a compiled graph that this version reads, and the names of the files that it speaks of. */
export interface GraphNote {
  /** What the graph was compiled from: the note's name up to its first dash. */
  readonly content: string
  readonly graph: string
  readonly files: readonly string[]
  readonly about: unknown
}

const CURRENT = new RegExp(`^([0-9a-f]{64})-(?:.*-)?${COMPILER_VERSION}(?:-.*)?\\.v${NOTES}\\.json$`)

/** What a note of the folder says; undefined for what is no whole note of this version of the compiler. */
export async function graphNote(path: string): Promise<GraphNote | undefined> {
  const content = CURRENT.exec(basename(path))?.at(1)
  if (content === undefined) return undefined
  const sealed = await readNote(path)
  if (sealed.state !== 'whole' || !isNoted(sealed.content)) return undefined
  const { graph, files, about } = sealed.content
  return { content, graph, files: files.map(({ file }) => file), about }
}

/** The graph that `make` records, from the folder if it was compiled under this name before. */
export async function compiledOnce<About>(options: CompileOptions<About>): Promise<Compiled<About>> {
  const { folder, name, onNote = () => undefined } = options
  const note = join(folder, `${name}.v${NOTES}.json`)
  const found = (await read(note, folder, options.isAbout)) ?? (await fetched(note, folder, options))
  if (found instanceof ChangedFile) onNote(`${found.message}; it is compiled again`)
  let noted = found instanceof ChangedFile || !found ? await compile() : found
  const { graph } = noted
  let mending: Promise<void> | undefined

  async function compile(): Promise<Noted<About>> {
    const { graph, about } = await options.make()
    const { digest, files } = await writeGraph(graph, folder)
    const names = files.map(({ path, ...rest }) => ({ file: basename(path), ...rest }))
    await writeNote(note, { graph: digest, files: names, about })
    return { graph: digest, files, about }
  }
  async function mend(changed: ChangedFile): Promise<void> {
    onNote(`${changed.message}; it is compiled again`)
    noted = await compile()
    if (noted.graph !== graph)
      throw new EpdError('checkpoint-invalid', `${name}: what it is compiled from has changed meanwhile; run again`)
  }
  return {
    graph,
    about: noted.about,
    async open(settings) {
      const { files } = noted
      try {
        return await started(files, settings)
      } catch (error) {
        if (!(error instanceof ChangedFile)) throw error
        // Another of these calls may have made them anew meanwhile.
        if (noted.files === files) await (mending ??= mend(error).finally(() => (mending = undefined)))
        return started(noted.files, settings).catch((again: unknown) => {
          throw again instanceof ChangedFile ? unstable(again) : again
        })
      }
    }
  }
}

function unstable({ message }: ChangedFile): EpdError {
  return new EpdError(
    'store-corrupt',
    `${message}, though it was written only now; check the disk, or use another folder`
  )
}

/** A compiled graph whose note is not asked for, whatever it holds. */
export function compiledGraph(
  options: Pick<CompileOptions<unknown>, 'folder' | 'name' | 'onNote'> & { readonly make: () => Promise<GraphProto> }
): Promise<Compiled<unknown>> {
  const make = async () => ({ graph: await options.make(), about: null })
  return compiledOnce({ ...options, isAbout: isAnything, make })
}

function isAnything(value: unknown): value is unknown {
  return value !== undefined
}

/**
 * The bytes of the graph that are checked are the bytes that run; the weights beside it are checked while they are
 * loaded.
 */
async function started([own, ...beside]: readonly GraphFile[], settings: object = {}): Promise<Session> {
  const { openSession } = await import('./session.js')
  const bytes = await readFile(own.path).catch((error: unknown) => {
    if (isMissing(error)) throw new ChangedFile(own.path, 'is missing')
    throw error
  })
  if (checksumOfBytes(bytes) !== own.checksum) throw new ChangedFile(own.path, 'has changed since it was written')
  for (const file of beside) {
    const changed = await atOnce(file)
    if (changed) throw changed
  }
  return openVerified(beside, () => openSession({ ...settings, path: bytes, folder: dirname(own.path) }))
}

/** What is noted; undefined where nothing is, or where it is of another kind. */
async function read<About>(
  note: string,
  folder: string,
  isAbout: (value: unknown) => value is About
): Promise<Noted<About> | ChangedFile | undefined> {
  const sealed = await readNote(note)
  if (sealed.state === 'damaged') return new ChangedFile(note, 'has changed since it was written')
  if (sealed.state === 'missing' || !isNoted(sealed.content) || !isAbout(sealed.content.about)) return undefined
  const { graph, about } = sealed.content
  const files = sealed.content.files.map(({ file, ...rest }) => ({ path: join(folder, file), ...rest }))
  const changed = (await Promise.all(files.map(atOnce))).find(Boolean)
  return changed ?? { graph, files, about }
}

/**
 * The name of a link in a folder of compiled graphs to another such folder, on a disk that is farther away: what is in
 * neither is compiled, and what is in that one alone is copied.
 */
export const ELSEWHERE = 'elsewhere'

/**
 * Copies a graph from the folder elsewhere, if there is one and it has the graph. It is used there where it cannot be
 * copied.
 */
async function fetched<About>(
  note: string,
  folder: string,
  { isAbout, onNote }: CompileOptions<About>
): Promise<Noted<About> | undefined> {
  const far = join(folder, ELSEWHERE)
  const found = await read(join(far, basename(note)), far, isAbout)
  if (!found || found instanceof ChangedFile) return undefined
  const { graph, about, files } = found
  try {
    const near = files.map(file => ({ ...file, path: join(folder, basename(file.path)) }))
    for (const [i, { path, size, checksum }] of near.entries())
      await copyOnce({ source: files[i].path, target: path, size, start: startChecksum, sum: checksum })
    await writeNote(note, { graph, files: near.map(({ path, ...rest }) => ({ file: basename(path), ...rest })), about })
    return { graph, about, files: near }
  } catch (error) {
    if (error instanceof ChangedFile) return undefined
    const reason = systemReason(error)
    if (reason === undefined) throw error
    onNote?.(`${folder}: ${reason}; the compiled graph is read where it is`)
    return found
  }
}

/** What can be told of a file without reading it. */
async function atOnce({ path, size }: GraphFile): Promise<ChangedFile | undefined> {
  const info = await stat(path).catch(() => undefined)
  if (!info?.isFile()) return new ChangedFile(path, 'is missing')
  return info.size === size ? undefined : new ChangedFile(path, 'has changed since it was written')
}

interface Note {
  readonly graph: string
  readonly files: readonly (Omit<GraphFile, 'path'> & { readonly file: string })[]
  readonly about: unknown
}

function isNoted(value: unknown): value is Note {
  return typeof value === 'object' && value !== null && 'graph' in value && 'files' in value && 'about' in value
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
