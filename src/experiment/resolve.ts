import { serialize } from 'node:v8'
import type { PredictorSource } from '../predictors/record.js'
import { child, isMapping } from '../reading/plain.js'
import type { Path, Problem, Report } from '../reading/problem.js'
import type { Compiled } from '../reading/schema.js'
import { ref } from '../reading/keys.js'
import { parseSeeds, SEEDS, type Seeds, type SeedsText } from '../reading/seeds.js'
import type { Reuse } from '../solvers/reuse.js'
import { withDerived } from '../stages/derived.js'
import type { FindStage } from '../stages/base.js'
import type { StageBase } from '../stages/kind.js'
import type { WrittenKind } from '../stages/registry.js'
import type { Chosen, ResolveContext } from '../stages/spec.js'
import { inOrder, reportCycles, reportReferences, type Written } from './graph.js'
import { remembering } from './memo.js'
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
 * Resolves every reference of a spec's stages. Stages are resolved one after the other, each with those that it names,
 * and once for all specs given in which it and these are the same. Parts that the schema refuses are left out; what is
 * wrong with the others is among the problems.
 */
export function resolver(resolving: Resolving): (spec: unknown) => Resolution {
  const { kinds, schema, predictors } = resolving
  const tops = remembering<string, never, Collected<TopLevel>>()
  const stages = remembering<string, StageBase | undefined, Resolution>()
  return spec => {
    const { stages: own, ...rest } = isMapping(spec) ? spec : {}
    const written: Written = new Map(isMapping(own) ? Object.entries(own) : [])
    const references = collected(resolving, ({ report }) => {
      reportReferences(written, kinds, report)
    })
    const above = contents(rest)
    const top = tops(above, nothing, () => collected(resolving, reuse => readTopLevel(spec, schema, predictors, reuse)))
    const resolved = inOrder(written, kinds).reduce<Resolution>(
      (before, name) => {
        const raw = written.get(name)
        const find = (other: string) => before.stages.find(stage => stage.name === other)
        const key = JSON.stringify([name, above, contents(raw)])
        return joined(
          before,
          stages(key, find, asked => resolveOne(name, raw, top.value, asked, resolving))
        )
      },
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
}

function nothing(): never {
  throw new Error('what stands above the stages depends on nothing else')
}

/** Plain data as a text that tells it from all other, a number that is none from null among them. */
function contents(value: unknown): string {
  return serialize(value).toString('latin1')
}

function joined(a: Resolution, b: Resolution): Resolution {
  return {
    stages: [...a.stages, ...b.stages],
    problems: [...a.problems, ...b.problems],
    warnings: [...a.warnings, ...b.warnings]
  }
}

/** One stage, with what is to be said of it. Its own solver and seeds are looked at whatever is wrong around them. */
function resolveOne(name: string, raw: unknown, top: TopLevel, find: FindStage, resolving: Resolving): Resolution {
  const { kinds, schema, metrics } = resolving
  const path: Path = ['stages', name]
  const known = kinds.written.find(({ kind }) => kind === child(raw, 'kind'))
  const found = collected(resolving, reuse => {
    const parts = partsOf(raw, path, known ? [known] : kinds.written, top, schema, reuse)
    if (!known || !schema.is(ref<unknown>(known.kind))(raw)) return undefined
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
  const solverKeys = new Set(kinds.flatMap(({ spec }) => spec.ownSolver ?? []))
  const [chosen] = [...solverKeys].map(key => top.solverAt(child(raw, key), [...path, key], reuse))
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

interface Collected<Value> {
  readonly value: Value
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** What some work comes to, with the problems and the warnings that it reports. */
function collected<Value>({ solvers, allowMismatch }: Resolving, work: (reuse: Reuse) => Value): Collected<Value> {
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
