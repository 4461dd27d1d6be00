import type { StageBase } from '../stages/kind.js'
import type { StageKinds } from '../stages/registry.js'
import { at, child } from './plain.js'
import { quote, type Path, type Report } from './problem.js'

/** Stages in the order of `names`, but each after its inputs. */
export function inOrder<S extends StageBase>(stages: readonly S[], names: readonly string[], kinds: StageKinds): S[] {
  const byName = new Map(stages.map(stage => [stage.name, stage]))
  const ordered = new Set<S>()
  const visiting = new Set<string>()
  const visit = (name: string) => {
    const stage = byName.get(name)
    if (!stage || visiting.has(name)) return
    visiting.add(name)
    kinds.of(stage).inputs(stage).forEach(visit)
    ordered.add(stage)
  }
  names.forEach(visit)
  return [...ordered]
}

/** Reports each circle of stages that name each other, where it closes. */
export function reportCycles(written: ReadonlyMap<string, unknown>, report: Report): void {
  const done = new Set<string>()
  const walk = (name: string, trail: readonly string[]) => {
    for (const { path, to } of references(written.get(name))) {
      const began = [...trail, name].indexOf(to)
      if (began >= 0) {
        const circle = [...[...trail, name].slice(began), to].map(quote).join(' -> ')
        report(['stages', name, ...path], `expected no circle of stages, found ${circle}`)
      } else if (!done.has(to)) walk(to, [...trail, name])
    }
    done.add(name)
  }
  for (const name of written.keys()) if (!done.has(name)) walk(name, [])
}

/** A stage's name in another stage. */
export interface Reference {
  /** From the stage that names. */
  readonly path: Path
  readonly to: string
  /** What it has to be. */
  readonly kind: string
}

/** Whether `from` is a predictor by its name, not a stage. */
export function isNamed(from: string): boolean {
  return from.startsWith(NAMED)
}

export const NAMED = 'predictor:'

/** What a stage names, whatever else is wrong with it. */
export function references(raw: unknown): Reference[] {
  const to = (path: Path, kind: string): Reference[] => {
    const name = at(raw, path)
    return typeof name === 'string' ? [{ path, to: name, kind }] : []
  }
  const samples = child(raw, 'samples')
  return [
    ...to(['teacher'], 'teacher'),
    ...to(['solver'], 'distill'),
    ...to(['solver', 'from'], 'distill').filter(({ to: name }) => !isNamed(name)),
    ...(Array.isArray(samples) ? [...samples.keys()].flatMap(i => to(['samples', i], 'sample')) : []),
    ...to(['reference'], 'sample')
  ]
}
