import { readdir, readFile, realpath } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { readJson } from '../checkpoints/json.js'
import { HEX40, HEX64, type Revision } from './hub.js'
import type { HubSettings } from './hub-settings.js'
import type { Expected } from './expected.js'
import { hasTokenizer, lacking, selected, type Wish } from './selection.js'
import { isIntact } from './verify.js'

/** A commit of a repository that Hugging Face's own tools have downloaded. */
export interface Snapshot {
  readonly folder: string
  readonly commit: string
  /** Files whose bytes are not those that their names in the cache stand for. */
  readonly damaged: readonly string[]
}

/** The copy of a revision in the cache of Hugging Face's own tools; undefined unless it has all that is wished for. */
export async function snapshotOf(
  { repository, revision }: Revision,
  wish: Wish,
  { cache }: Pick<HubSettings, 'cache'>
): Promise<Snapshot | undefined> {
  const home = join(cache, `models--${repository.replace('/', '--')}`)
  const commit = HEX40.test(revision) ? revision : (await textOf(join(home, 'refs', revision)))?.trim()
  if (commit === undefined || !HEX40.test(commit)) return undefined
  const folder = join(home, 'snapshots', commit)
  const names = await filesIn(folder)
  if (!(await isComplete(folder, names, wish))) return undefined
  const damaged: string[] = []
  for (const name of selected(names, wish)) {
    const file = join(folder, name)
    if (!(await isIntact(file, expectedOf(basename(await realpath(file).catch(() => file)))))) damaged.push(file)
  }
  return { folder, commit, damaged }
}

/** A cached file is named by its SHA-256, or by its Git blob; where it is no link, by neither. */
function expectedOf(name: string): Expected {
  return HEX64.test(name) ? { sha256: name } : HEX40.test(name) ? { blob: name } : {}
}

async function isComplete(folder: string, names: readonly string[], wish: Wish): Promise<boolean> {
  const { path, variant } = wish
  if (path !== undefined && names.includes(path)) return true
  const root = path === undefined ? '' : `${path}/`
  const here = names.flatMap(name => (name.startsWith(root) ? [name.slice(root.length)] : []))
  const index = await readJson(join(folder, root, 'model_index.json'))
  if (lacking(here, index, variant).length > 0) return false
  const config = index ? undefined : await readJson(join(folder, root, 'config.json'))
  return config?.model_type !== 'clip' || hasTokenizer(here)
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

/** Paths of the files in a folder, with those in its folders. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.flatMap(entry =>
    entry.isDirectory() ? [] : [relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/')]
  )
}
