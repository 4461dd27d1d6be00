import { isAlias, isCollection, isMap, isScalar, parseDocument, type Document, type LineCounter, type Node } from 'yaml'

/** Something that is wrong with a text as YAML. */
export interface YamlFault {
  /** The code of the library's, or one of `ALIAS`, `DUPLICATE_KEY` and `TOO_LARGE`. */
  readonly code: string
  readonly message: string
  /** The place in the text, in characters. */
  readonly offset: number
}

export interface Yaml {
  readonly document: Document
  readonly faults: readonly YamlFault[]
  /** The document as plain data, in which aliases and merges have become what they stand for. */
  readonly value: () => unknown
}

/** The most keys, and the most values, that a document has once its aliases are what they stand for. */
const MOST_KEYS = 10_000
const MOST_VALUES = 1_000_000
const MOST_ALIASES = 1_000

/**
 * Parses YAML in a time that grows as its length does. A document that is larger than any use of it, or that aliases
 * make so, has a fault and is not to be asked for its value.
 */
export function parseYaml(text: string, options: YamlOptions = {}): Yaml {
  try {
    return parsed(text, options)
  } catch (error) {
    if (!(error instanceof RangeError) || error.message !== STACK_FULL) throw error
    const faults = [{ code: 'TOO_DEEP', message: TOO_DEEP, offset: 0 }]
    return { document: parseDocument(''), faults, value: () => undefined }
  }
}

interface YamlOptions {
  readonly lines?: LineCounter
  readonly merge?: boolean
}

function parsed(text: string, { lines, merge = true }: YamlOptions): Yaml {
  const document = parseDocument(text, {
    lineCounter: lines,
    merge,
    stringKeys: true,
    resolveKnownTags: false,
    prettyErrors: false,
    // The library compares each key with all others.
    uniqueKeys: false
  })
  const own = [...document.errors, ...document.warnings].map(({ code, message, pos }) => ({
    code,
    message: message === STACK_FULL ? TOO_DEEP : message,
    offset: pos[0]
  }))
  return {
    document,
    faults: [...own, ...survey(document)],
    value: (): unknown => document.toJS({ maxAliasCount: -1 })
  }
}

/** What Node says where lists within lists fill its stack: the library tells of it, or fails by it itself. */
const STACK_FULL = 'Maximum call stack size exceeded'
const TOO_DEEP = 'it is nested too deeply'

/** The number of keys and of values that a node stands for. */
interface Extent {
  readonly keys: number
  readonly values: number
}

const ONE: Extent = { keys: 0, values: 1 }

/** Looks at each node once: repeated keys, aliases of nothing, and what aliases make the document come to. */
function survey({ contents }: Document): YamlFault[] {
  const faults: YamlFault[] = []
  const anchors = new Map<string, Extent | undefined>()
  let aliases = 0
  const extentOf = (node: unknown): Extent => {
    if (isAlias(node)) {
      aliases += 1
      const fault = (message: string) => {
        faults.push({ code: 'ALIAS', message, offset: start(node) })
        return ONE
      }
      if (!anchors.has(node.source)) return fault(`there is no anchor &${node.source} before *${node.source}`)
      return anchors.get(node.source) ?? fault(`*${node.source} stands within what it names`)
    }
    if (!isCollection(node)) return kept(node, ONE)
    if (node.anchor !== undefined) anchors.set(node.anchor, undefined)
    if (isMap(node)) faults.push(...repeatedKeys(node.items.map(({ key }) => key)))
    const parts = isMap(node) ? node.items.map(({ value }) => value) : node.items
    let [keys, values] = [isMap(node) ? node.items.length : 0, 1]
    for (const part of parts) {
      const inner = extentOf(part)
      keys += inner.keys
      values += inner.values
    }
    return kept(node, { keys, values })
  }
  const kept = (node: unknown, extent: Extent) => {
    if ((isScalar(node) || isCollection(node)) && node.anchor !== undefined) anchors.set(node.anchor, extent)
    return extent
  }
  const { keys, values } = extentOf(contents)
  return [...tooLarge(keys, values, aliases), ...faults]
}

function tooLarge(keys: number, values: number, aliases: number): YamlFault[] {
  const bounds = [
    [keys, MOST_KEYS, 'keys'],
    [values, MOST_VALUES, 'values'],
    [aliases, MOST_ALIASES, 'aliases']
  ] as const
  const found = bounds.find(([count, most]) => count > most)
  if (!found) return []
  const [count, most, what] = found
  const shown = count > 1e9 ? 'more than a billion' : count.toLocaleString('en')
  const message = `expected at most ${most.toLocaleString('en')} ${what}, found ${shown}; divide it`
  return [{ code: 'TOO_LARGE', message, offset: 0 }]
}

function repeatedKeys(keys: readonly unknown[]): YamlFault[] {
  const seen = new Set<string>()
  return keys.flatMap(key => {
    const name = isScalar(key) ? String(key.value) : undefined
    if (name === undefined) return []
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    return [{ code: 'DUPLICATE_KEY', message: 'Map keys must be unique', offset: isScalar(key) ? start(key) : 0 }]
  })
}

function start({ range }: Node): number {
  return range?.[0] ?? 0
}
