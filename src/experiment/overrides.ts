import { shortName } from '../first-names.js'
import { child, copy, isMapping } from '../reading/plain.js'
import { isShallow, TOO_DEEP } from '../reading/depth.js'
import { expected, type Path } from '../reading/problem.js'
import { parseYaml } from '../reading/yaml.js'

/** What `set path=value` asks for. */
export interface Override {
  /** The option `set` as it was given, to be named in errors. */
  readonly source: string
  readonly path: Path
  readonly value: unknown
}

/** Keys that lead to no value of any spec. */
const DEEPEST = 50

/** Reads `path=value`, the value being YAML. Returns what is wrong with it, if anything, as text. */
export function parseOverride(text: string): Override | string {
  const source = `set ${shortName(text)}`
  const match = /^([^=]+)=(.*)$/s.exec(text)
  const path = match?.[1].split('.').map(key => key.trim()) ?? []
  if (!match || path.includes(''))
    return `${source}: ${expected('path=value, such as stages.samples.seeds=0-63', text)}`
  if (path.length > DEEPEST) return `${source}: expected a path of at most ${DEEPEST} keys, found ${path.length}`
  const wrong = (reason: string) => `${source}: ${path.join('.')}: the value is not YAML that can be read: ${reason}`
  try {
    const { faults, value } = parseYaml(match[2], { merge: false })
    const [fault] = faults
    if (faults.length > 0) return wrong(fault.message)
    return { source, path, value: copy(value()) }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return wrong(error.message)
  }
}

/** Puts an override into a spec's value, making the mappings on its way. Returns what is in its way, if anything. */
export function applyOverride(spec: unknown, { path, value }: Override): string | undefined {
  if (!isShallow(value, path.length)) return TOO_DEEP
  let parent = spec
  for (const [i, key] of path.slice(0, -1).entries()) {
    if (child(parent, key) === undefined || child(parent, key) === null) {
      const stages = i === 1 && path[0] === 'stages' && isMapping(parent) ? Object.keys(parent) : undefined
      if (stages) return expected(`the name of a stage (${stages.join(', ')})`, key, stages)
      if (!put(parent, key, {})) return noPlace(parent, key)
    }
    parent = child(parent, key)
  }
  return put(parent, path[path.length - 1], value) ? undefined : noPlace(parent, path[path.length - 1])
}

function noPlace(parent: unknown, key: string | number): string {
  return Array.isArray(parent) ? expected(`a place from 0 to ${parent.length}`, key) : expected('a mapping', parent)
}

function put(parent: unknown, key: string | number, value: unknown): boolean {
  if (Array.isArray(parent)) {
    const place = Number(key)
    if (!Number.isInteger(place) || place < 0 || place > parent.length) return false
    parent[place] = value
    return true
  }
  if (!isMapping(parent)) return false
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true })
  return true
}
