import { createHash } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { digestOf } from '../checkpoints/digest.js'
import { graphNote, type GraphNote } from '../engines/onnx/compiled.js'
import { child } from '../reading/plain.js'
import { placeOf } from '../reading/location.js'
import { entriesOf, sized, type Sized } from '../store/folders.js'
import type { Run, StageRow, Store } from '../store/store.js'
import { cacheFolder } from './assets.js'
import { filesIn } from './given-files.js'

/** What lies in the cache of a store: `graphs` and `prompts` are made again when they are missed. */
export interface Cache {
  /** Compiled graphs with their weights and the notes of them. */
  readonly graphs: readonly Cached[]
  /** Encodings of prompts. */
  readonly prompts: readonly Cached[]
  /** Files and repositories that were downloaded, or were put there by hand. */
  readonly downloads: readonly Cached[]
}

/** A file of the cache, or the folder of a repository. */
export interface Cached extends Sized {
  /** Whether something that the store's runs have left was computed with it, or may have been. */
  readonly isUsed: boolean
}

const GRAPH = /^[0-9a-f]{64}\.(onnx|weights)$/
const NOTE = /^[0-9a-f]{64}-.*\.json$/

/** Lists what is in the cache of a store. Where it cannot be told whether something is in use, it is. */
export async function cacheOf(store: Store): Promise<Cache> {
  const folder = cacheFolder(store.root)
  const names = entriesOf(folder).flatMap(entry => (isWritten(entry) ? [entry.name] : []))
  const runs = store.runs()
  const stages = runs.flatMap(({ id }) => store.runStages(id).flatMap(({ stage }) => stage ?? []))
  const graphs = await usedGraphs(folder, names, stages)
  const prompted = runs.some(({ spec }) => /\bprompts\b/.test(spec))
  const wanted = downloadsIn(runs, stages)
  const listed = (paths: readonly string[], isUsed: (path: string) => boolean) =>
    paths.map(path => ({ ...sized(path), isUsed: isUsed(path) }))
  const inFolder = (path: string) => relative(folder, path)
  return {
    graphs: listed(
      names.filter(isOfGraph).map(name => join(folder, name)),
      path => graphs.has(inFolder(path))
    ),
    prompts: listed(
      entriesOf(join(folder, 'prompts')).map(({ name }) => join(folder, 'prompts', name)),
      () => prompted
    ),
    downloads: listed(
      [
        ...names.filter(name => !isOfGraph(name)).map(name => join(folder, name)),
        ...entriesOf(join(folder, 'hub')).map(({ name }) => join(folder, 'hub', name))
      ],
      path => wanted.has(inFolder(path).replace(/\.(sha256|part)$/, ''))
    )
  }
}

/** Temporary files are those of who writes them. */
function isWritten(entry: Dirent): boolean {
  return entry.isFile() && !entry.name.endsWith('.tmp')
}

function isOfGraph(name: string): boolean {
  return GRAPH.test(name) || NOTE.test(name)
}

/**
 * The notes of this version, and the files that they speak of, which stages were computed with. A stage tells the
 * digests of the files that it was given and of its model; the note of a model tells what that digest is made of, but
 * for models of several networks. Where one of the stages' models has no such note, every note may be of it.
 */
async function usedGraphs(
  folder: string,
  names: readonly string[],
  stages: readonly StageRow[]
): Promise<ReadonlySet<string>> {
  const notes = new Map<string, GraphNote>()
  for (const name of names.filter(isOfGraph)) {
    const note = await graphNote(join(folder, name))
    if (note) notes.set(name, note)
  }
  const given = new Set(stages.flatMap(({ provenance }) => filesIn(provenance).map(({ digest }) => digest)))
  const models = new Set(stages.flatMap(({ provenance }) => modelIn(provenance)))
  const told = new Set([...notes.values()].flatMap(note => modelOf(note) ?? []))
  const isTold = [...models].every(digest => told.has(digest))
  const contents = [...notes.values()].filter(note => models.has(modelOf(note) ?? '')).map(({ content }) => content)
  const known = new Set([...contents, ...given])
  const scores = stages.some(({ kind }) => ['features', 'score'].includes(kind))
  const used = [...notes].filter(
    ([, note]) => known.has(note.content) || (modelOf(note) === undefined ? scores || !isTold : !isTold)
  )
  return new Set(used.flatMap(([name, { files }]) => [name, ...files]))
}

/** The digest of a model that was compiled from a checkpoint; another model's is not known here. */
function modelIn(provenance: unknown): string[] {
  const model = child(provenance, 'model')
  const [digest, engine] = [child(model, 'digest'), child(model, 'engine')]
  return typeof digest === 'string' && engine !== 'command' ? [digest] : []
}

/** The digest of a model of one network, of whose graph this is the note. */
function modelOf({ graph, about }: GraphNote): string | undefined {
  if (about === null) return undefined
  return digestOf([graph, child(about, 'className'), child(about, 'initKwargs')])
}

/** The names in the cache folder of what runs were given, or their specs name. */
function downloadsIn(runs: readonly Run[], stages: readonly StageRow[]): ReadonlySet<string> {
  const given = stages.flatMap(({ provenance }) => filesIn(provenance))
  const inSpecs = runs.flatMap(({ spec, overrides }) =>
    [spec, ...overrides].flatMap(text => text.match(/(?:https:\/\/|hf:)[^\s'"`,{}[\]]+/g) ?? [])
  )
  const repositories = runs.flatMap(({ spec, overrides }) =>
    [spec, ...overrides].flatMap(text => text.match(/[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*/g) ?? [])
  )
  return new Set([
    ...[...given.map(({ location }) => location), ...inSpecs].flatMap(nameOfDownload),
    ...repositories.map(name => join('hub', name.replace('/', '--'))),
    ...given.map(({ path }) => basename(path))
  ])
}

function nameOfDownload(location: string): string[] {
  const place = placeOf(location)
  if (place.kind === 'path') return []
  if (place.kind === 'repository') return [join('hub', place.repository.replace('/', '--'))]
  const name = basename(new URL(place.url).pathname) || 'download'
  return [`${createHash('sha256').update(place.url).digest('hex').slice(0, 12)}-${name}`]
}
