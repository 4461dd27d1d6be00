import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Document, type Pair, type YAMLMap } from 'yaml'
import { EpdError } from '../errors.js'
import { readWholeSync } from '../files/read.js'
import { isAbsent, systemReason } from '../files/reasons.js'
import { wrongPath } from '../reading/paths.js'
import { copy } from '../reading/plain.js'
import { nearest, quote, type Problem } from '../reading/problem.js'
import { parseYaml } from '../reading/yaml.js'

/** A spec as it was read: its value, and where each part of it stands. */
export interface Source {
  readonly text: string
  /** Plain data; undefined where the YAML is too broken to have any. */
  readonly value: unknown
  /** What is wrong with the YAML itself, each with its position. */
  readonly faults: readonly string[]
  readonly locate: (problem: Problem) => Location
}

export interface Location {
  /** "file:line:column" */
  readonly position: string
  /** The place from the beginning of the file, in characters. */
  readonly offset: number
  /** Whether the whole path of the problem is in the file. */
  readonly written: boolean
}

/** Reads a spec. @throws EpdError `spec-invalid` if there is no file of text there */
export function readSource(file: string, text = readText(file)): Source {
  const lines = new LineCounter()
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`
  }
  try {
    const { document, faults, value } = parseYaml(text, { lines })
    const pairs = pairsByKey()
    const readable = faults.every(({ code }) => code === 'DUPLICATE_KEY' || code === 'TAG_RESOLVE_FAILED')
    return {
      text,
      faults: faults
        .slice(0, FAULTS_SHOWN)
        .map(({ code, message, offset }) => `${at(offset)}: ${fault(code, message, text.slice(offset))}`),
      value: readable ? copy(value()) : undefined,
      locate: problem => {
        const found = find(document, problem, pairs)
        return { ...found, position: at(found.offset) }
      }
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return {
      text,
      faults: [`${at(0)}: not YAML that can be read: ${error.message}`],
      value: undefined,
      locate: nowhere
    }
  }

  function nowhere() {
    return { position: at(0), offset: 0, written: false }
  }
}

/** One slip can make the rest of a file unreadable. */
const FAULTS_SHOWN = 5

function fault(code: string, message: string, rest: string): string {
  if (code === 'TOO_LARGE') return message
  if (code === 'MULTIPLE_DOCS') return 'expected one document, found another'
  if (code === 'TAG_RESOLVE_FAILED') return `expected no tag, found ${quote(/^\S+/.exec(rest)?.[0] ?? '')}`
  if (code !== 'DUPLICATE_KEY') return `not YAML that can be read: ${message}`
  if (/^["']?<<["']?\s*:/.test(rest))
    return 'expected << once in a mapping, found it again; name all that it takes in a list, as in <<: [*first, *second]'
  const key = /^(?:"([^"]*)"|'([^']*)'|([^\s:,}\]]+))/.exec(rest)?.slice(1).find(Boolean) ?? ''
  return `expected each key once, found ${quote(key)} again`
}

interface Place {
  readonly key: unknown
  readonly value: unknown
}

/** The offset of a problem's value, of its key, or of the nearest thing around it that is written down. */
function find(document: Document, { path, atKey }: Problem, pairs: Pairs): { offset: number; written: boolean } {
  let place: Place = { key: undefined, value: document.contents }
  for (const key of path) {
    const inner = step(document, place.value, key, pairs)
    if (!inner) return { offset: start(place.key) ?? start(place.value) ?? 0, written: false }
    place = inner
  }
  const empty = isScalar(place.value) && place.value.value === null
  const offset = atKey || empty ? (start(place.key) ?? start(place.value)) : start(place.value)
  return { offset: offset ?? start(place.key) ?? 0, written: true }
}

function start(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}

/** What stands at one key or place of a node, through aliases and merges. */
function step(document: Document, node: unknown, key: string | number, pairs: Pairs): Place | undefined {
  if (isAlias(node)) return step(document, node.resolve(document), key, pairs)
  if (isSeq(node)) {
    const value = node.items.at(Number(key))
    return value === undefined ? undefined : { key: value, value }
  }
  if (!isMap(node)) return undefined
  const own = pairs(node)
  const found = own.get(String(key))
  if (found) return found
  const merged = own.has('<<') ? [own.get('<<')?.value] : []
  return merged
    .flatMap(value => (isSeq(value) ? value.items : [value]))
    .map(value => step(document, value, key, pairs))
    .find(found => found !== undefined)
}

/** The pairs of a mapping by their keys, of two with one key the first. */
type Pairs = (map: YAMLMap) => ReadonlyMap<string | undefined, Pair>

function pairsByKey(): Pairs {
  const known = new WeakMap<YAMLMap, ReadonlyMap<string | undefined, Pair>>()
  return map => {
    const found = known.get(map) ?? new Map([...map.items].reverse().map(pair => [keyOf(pair.key), pair]))
    known.set(map, found)
    return found
  }
}

function keyOf(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined
  return typeof key.value === 'symbol' ? key.value.description : String(key.value)
}

/** Bytes that no spec of any use has: one that lists a million seeds one by one has 8 MiB. */
const MOST = 1 << 23

function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readWholeSync(file, { most: MOST }))
  } catch (error) {
    throw new EpdError('spec-invalid', `${file}: ${unreadable(file, error)}`, { cause: error })
  }
}

function unreadable(file: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'not UTF-8 text; give a YAML experiment'
  if (!isAbsent(error)) return systemReason(error) ?? (error instanceof Error ? error.message : String(error))
  const wrong = wrongPath(file)
  if (wrong !== undefined) return wrong
  const near = nearest(basename(file), neighbours(dirname(file)))
  return `no such file; ${near === undefined ? 'give the path of a YAML experiment' : `did you mean ${quote(join(dirname(file), near))}?`}`
}

function neighbours(folder: string): string[] {
  try {
    return readdirSync(folder).filter(name => /\.ya?ml$/.test(name))
  } catch {
    return []
  }
}
