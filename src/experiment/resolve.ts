import type { PredictorSource } from '../predictors/record.js'
import { child, isMapping } from '../reading/plain.js'
import type { Path, Problem, Report } from '../reading/problem.js'
import type { Compiled } from '../reading/schema.js'
import { ref } from '../reading/keys.js'
import { parseSeeds, SEEDS, type Seeds, type SeedsText } from '../reading/seeds.js'
import type { Reuse } from '../solvers/reuse.js'
import { withDerived } from '../stages/derived.js'
import type { StageBase } from '../stages/kind.js'
import type { WrittenKind } from '../stages/registry.js'
import type { Chosen, ResolveContext } from '../stages/spec.js'
import { inOrder, reportCycles, reportReferences, type Written } from './graph.js'
import type { Vocabulary } from './schema.js'
import { readTopLevel, type TopLevel } from './top-level.js'

/** What a spec comes to. */
export interface Resolution {
  /** The stages that are sound, each after those that it names. They are of no use where there are problems. */
  readonly stages: readonly StageBase[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** What specs are resolved with. */
export interface Resolving extends Vocabulary {
  readonly schema: Compiled
  readonly predictors: PredictorSource
  readonly allowMismatch: boolean
}

/**
 * The stages of a spec with every reference resolved. Stages are resolved one after the other, each with those that it
 * names. Parts that the schema refuses are left out; what is wrong with the others is among the problems.
 */
export function resolveStages(spec: unknown, resolving: Resolving): Resolution {
  const { kinds, schema, predictors } = resolving
  const stages = child(spec, 'stages')
  const written: Written = new Map(isMapping(stages) ? Object.entries(stages) : [])
  const references = collected(resolving, ({ report }) => {
    reportReferences(written, kinds, report)
  })
  const top = collected(resolving, reuse => readTopLevel(spec, schema, predictors, reuse))
  const resolved = inOrder(written, kinds).reduce<Resolution>(
    (before, name) => joined(before, resolveOne(name, written.get(name), top.value, before.stages, resolving)),
    { stages: [], problems: [...references.problems, ...top.problems], warnings: top.warnings }
  )
  const cycles = collected(resolving, ({ report }) => {
    reportCycles(written, kinds, report)
  })
  return {
    ...resolved,
    stages: withDerived(resolved.stages, undefined, kinds),
    problems: [...resolved.problems, ...cycles.problems]
  }
}

function joined(a: Resolution, b: Resolution): Resolution {
  return {
    stages: [...a.stages, ...b.stages],
    problems: [...a.problems, ...b.problems],
    warnings: [...a.warnings, ...b.warnings]
  }
}

/** One stage, with what is to be said of it. Its own solver and seeds are looked at whatever is wrong around them. */
function resolveOne(
  name: string,
  raw: unknown,
  top: TopLevel,
  before: readonly StageBase[],
  resolving: Resolving
): Resolution {
  const { kinds, schema, metrics } = resolving
  const path: Path = ['stages', name]
  const known = kinds.written.find(({ kind }) => kind === child(raw, 'kind'))
  const found = collected(resolving, reuse => {
    const parts = partsOf(raw, path, known ? [known] : kinds.written, top, schema, reuse)
    if (!known || !schema.is(ref<unknown>(known.kind))(raw)) return undefined
    const find = (other: string) => before.find(stage => stage.name === other)
    const context: ResolveContext = { ...reuse, ...top, ...parts, name, path, metrics, find }
    return known.spec.resolve(raw, context)
  })
  return { ...found, stages: found.value ? [found.value] : [] }
}

/** What can be told from single values of a stage. What is absent is wrong, and reported. */
function partsOf(
  raw: unknown,
  path: Path,
  kinds: readonly WrittenKind[],
  top: TopLevel,
  schema: Compiled,
  reuse: Reuse
): { readonly chosen?: Chosen; readonly seeds: (key: string) => Seeds | undefined } {
  const chosen = kinds.some(({ spec }) => spec.ownSolver)
    ? top.solverAt(child(raw, 'solver'), [...path, 'solver'], reuse)
    : undefined
  const keys = new Set(kinds.flatMap(({ spec }) => spec.seeds))
  const isSeeds = schema.is(SEEDS)
  const seeds = new Map(
    [...keys].map(key => {
      const value = child(raw, key)
      return [key, isSeeds(value) ? seedsIn(value, [...path, key], reuse.report) : undefined]
    })
  )
  return { chosen, seeds: key => seeds.get(key) }
}

function seedsIn(value: SeedsText, path: Path, report: Report): Seeds | undefined {
  try {
    return parseSeeds(value)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    report(path, error.message)
    return undefined
  }
}

/** What some work comes to, with the problems and the warnings that it reports. */
function collected<Value>({ solvers, allowMismatch }: Resolving, work: (reuse: Reuse) => Value) {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const value = work({
    solvers,
    allowMismatch,
    report: (path, message, wayOut) => problems.push({ path, message, wayOut }),
    warn: (path, message) => warnings.push({ path, message })
  })
  return { value, problems, warnings }
}
