import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeGraph } from './compile.js'
import type { GraphProto } from './proto.js'

/** A graph that lies compiled in a folder, with what was noted of it. */
export interface Compiled<About> {
  readonly path: string
  /** SHA-256 over graph and weights. */
  readonly graph: string
  readonly about: About
}

/**
 * The graph that `make` records, from the folder if it was compiled under this name before. `about` is plain data; a note that
 * `isAbout` does not accept is made anew.
 */
export async function compiledOnce<About>(
  folder: string,
  name: string,
  isAbout: (value: unknown) => value is About,
  make: () => Promise<{ graph: GraphProto; about: About }>
): Promise<Compiled<About>> {
  const note = join(folder, `${name}.json`)
  const known = await read(note, folder, isAbout)
  if (known) return known
  const { graph, about } = await make()
  const { path, digest } = await writeGraph(graph, folder)
  await mkdir(folder, { recursive: true })
  const temporary = `${note}.${randomUUID()}.tmp`
  await writeFile(temporary, JSON.stringify({ graph: digest, about }))
  await rename(temporary, note)
  return { path, graph: digest, about }
}

/** The same where nothing of the note is asked for, whatever it holds. */
export function compiledGraph(
  folder: string,
  name: string,
  make: () => Promise<GraphProto>
): Promise<Compiled<unknown>> {
  return compiledOnce(folder, name, isAnything, async () => ({ graph: await make(), about: null }))
}

function isAnything(value: unknown): value is unknown {
  return value !== undefined
}

async function read<About>(
  note: string,
  folder: string,
  isAbout: (value: unknown) => value is About
): Promise<Compiled<About> | undefined> {
  const value = parsed((await readFile(note, 'utf8').catch(() => undefined)) ?? '')
  if (typeof value !== 'object' || value === null || !('graph' in value && 'about' in value)) return undefined
  const { graph, about } = value
  if (typeof graph !== 'string' || !isAbout(about)) return undefined
  const path = join(folder, `${graph}.onnx`)
  return (await stat(path).catch(() => undefined)) && { path, graph, about }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
