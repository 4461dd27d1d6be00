import { child } from '../reading/plain.js'
import { either, expected, quote, type Report } from '../reading/problem.js'
import type { StageKinds } from '../stages/registry.js'
import type { Reference } from '../stages/spec.js'

/** Stages as they are written, by their names, whatever they hold. */
export type Written = ReadonlyMap<string, unknown>

/** What a written stage names. One of a kind that is not known is looked at as one of every kind. */
export function references(written: unknown, { written: kinds }: StageKinds): readonly Reference[] {
  const kind = child(written, 'kind')
  const known = kinds.filter(each => each.kind === kind)
  const found = (known.length > 0 ? known : kinds).flatMap(({ spec }) => spec.references(written))
  return [...new Map(found.map(reference => [reference.path.join('.'), reference])).values()]
}

/** The names of stages in the order of the file, but each after those that it names. */
export function inOrder(stages: Written, kinds: StageKinds): string[] {
  const visited = new Set<string>()
  const visit = (name: string): string[] => {
    if (!stages.has(name) || visited.has(name)) return []
    visited.add(name)
    return [...references(stages.get(name), kinds).flatMap(({ to }) => visit(to)), name]
  }
  return [...stages.keys()].flatMap(visit)
}

/** Reports names of stages that are not there, or not of the kind that is needed. */
export function reportReferences(stages: Written, kinds: StageKinds, report: Report): void {
  for (const [stage, raw] of stages) {
    for (const { path, to, kind } of references(raw, kinds)) {
      const found = child(stages.get(to), 'kind')
      if (found === kind) continue
      const names = [...stages].filter(([, other]) => child(other, 'kind') === kind).map(([name]) => name)
      const what = `${besides(path)}the name of a ${kind} stage (${names.length === 0 ? 'there is none' : either(names)})`
      if (!stages.has(to)) report(['stages', stage, ...path], expected(what, to, names))
      else if (kinds.written.some(known => known.kind === found))
        report(['stages', stage, ...path], `${expected(what, to)}, a ${String(found)} stage`)
    }
  }
}

/** What may stand in the place of a stage's name, in words. */
function besides(path: Reference['path']): string {
  if (path.at(-1) === 'from') return 'predictor:NAME or '
  return path[0] === 'solver' ? 'a solver, { from: "predictor:NAME" }, or ' : ''
}

/** Reports each circle of stages that name each other, where it closes. */
export function reportCycles(stages: Written, kinds: StageKinds, report: Report): void {
  const done = new Set<string>()
  const walk = (name: string, trail: readonly string[]) => {
    for (const { path, to } of references(stages.get(name), kinds)) {
      const began = [...trail, name].indexOf(to)
      if (began >= 0) {
        const circle = [...[...trail, name].slice(began), to].map(quote).join(' -> ')
        report(['stages', name, ...path], `expected no circle of stages, found ${circle}`)
      } else if (!done.has(to)) walk(to, [...trail, name])
    }
    done.add(name)
  }
  for (const name of stages.keys()) if (!done.has(name)) walk(name, [])
}
