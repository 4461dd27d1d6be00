import { resolve } from 'node:path'
import { EpdError, type Fault } from '../errors.js'
import type { MetricDescriptor } from '../metrics/metric.js'
import { METRICS } from '../metrics/registry.js'
import type { Locator, StageBase } from '../stages/kind.js'
import { STAGE_KINDS, type StageKinds } from '../stages/registry.js'
import type { AnyExperiment, Experiment, ModelSpec } from './experiment.js'
import type { PromptsSpec } from './prompts-keys.js'
import { choicesOfAxes, chosenStages } from './chosen.js'
import { casesOf, describeCase, inCase, merged, reportOversized, type Case } from './matrix.js'
import { located, locatedFolder } from '../reading/location.js'
import { reportNames } from './names.js'
import { applyOverride, parseOverride, type Override } from './overrides.js'
import { at, copy, isMapping } from '../reading/plain.js'
import { saidPath, type Path, type Problem } from '../reading/problem.js'
import type { PredictorRecord, PredictorSource } from '../predictors/record.js'
import { importPlugins, pluginsOf, type PluginModules } from './plugin-modules.js'
import { solversWith } from './plugins.js'
import { resolver, type Resolving } from './resolve.js'
import { loadSchema, type Vocabulary } from './schema.js'
import { readSource, type Source } from './source.js'

/** Where a spec is read from, and what it may name. */
export interface LoadOptions {
  /** A YAML spec, as schemas/experiment.schema.json describes it. */
  readonly file: string
  /** The YAML, where it is not to be read from the file: `file` then only says where it stood. */
  readonly text?: string
  /** `path=value` each: put into the spec before anything is checked. */
  readonly set?: readonly string[]
  /** Where `predictor:NAME` is looked for; default: there are none. */
  readonly predictors?: PredictorSource
  /** The modules that the spec names under `plugins`, which `readExperiment` imports. */
  readonly plugins?: PluginModules
  /** Whether a predictor may be used on other time points, or with another model, than it was distilled for. */
  readonly allowMismatch?: boolean
  /** The metrics that score stages may name; by default METRICS. */
  readonly metrics?: readonly MetricDescriptor[]
}

/**
 * Reads a spec as `loadExperiment` does, and imports the plugins that it names before. They are run: a spec is to be
 * trusted as a program is.
 * @throws EpdError `spec-invalid`
 */
export async function readExperiment(options: LoadOptions): Promise<Experiment> {
  const { file, text: given, set = [] } = options
  const { text, value } = readSource(file, given)
  for (const each of set.map(parseOverride))
    if (value !== undefined && typeof each !== 'string') applyOverride(value, each)
  return loadExperiment({ ...options, text, plugins: await importPlugins(value, file) })
}

/**
 * Reads a spec, puts in overrides and defaults, and resolves all that it names.
 *
 * @throws EpdError `spec-invalid` with everything that is wrong, a line each: "file:line:column: path: expected ...,
 * found ...".
 */
export function loadExperiment(options: LoadOptions): Experiment
export function loadExperiment(options: LoadOptions, kinds: StageKinds): AnyExperiment
export function loadExperiment(options: LoadOptions, kinds: StageKinds = STAGE_KINDS): AnyExperiment {
  const {
    file,
    text: given,
    set = [],
    predictors = NONE,
    plugins: modules = new Map(),
    allowMismatch = false,
    metrics = METRICS
  } = options
  const source = readSource(file, given)
  const { text, value } = source
  const parsed = set.map(parseOverride)
  const overrides = parsed.filter(each => typeof each !== 'string')
  const faults: Fault[] = [
    ...source.faults.map(message => ({ message })),
    ...parsed.flatMap(each => (typeof each === 'string' ? [{ message: each, subject: SET }] : []))
  ]
  if (value === undefined) throw invalid(faults)
  for (const override of overrides) {
    const obstacle = applyOverride(value, override)
    const message = `${override.source}: ${saidPath(override.path)}: ${obstacle ?? ''}`
    if (obstacle !== undefined) faults.push({ message, subject: SET })
  }
  const refuseAll = (found: readonly Problem[]) => {
    if (found.length > 0) throw invalid([...faults, ...describe(found, source, overrides)])
  }
  refuseAll(oversized(value))
  const pluginFaults: Problem[] = []
  const plugins = pluginsOf(value, modules, (path, message) => pluginFaults.push({ path, message }))
  const vocabulary: Vocabulary = { kinds, metrics, solvers: solversWith(plugins) }
  const schema = loadSchema(vocabulary)
  const problems = schema.check(copy(value)).filter(({ path }) => path[0] === 'matrix')
  const cases = problems.length > 0 ? [] : casesOf(value, (path, message) => problems.push({ path, message }))
  const named = new Map<string, PredictorRecord>()
  const read = readCases(value, cases, { ...vocabulary, schema, predictors: noting(predictors, named), allowMismatch })
  problems.push(...pluginFaults, ...ofCases(read))
  faults.push(...describe(problems, source, overrides))
  const warnings = ofCases(read.map(each => ({ ...each, problems: each.warnings })))
  const [first] = read
  if (faults.length > 0 || !schema.is<RawExperiment>({ $ref: '' })(first.spec)) throw invalid(faults)
  const { name, description, model, prompts, execution } = first.spec
  const at = (...path: Path) => locator(file, path, problem => warnings.push(problem))
  const locatedStage = (stage: StageBase) => kinds.of(stage).located?.(stage, at('stages', stage.name)) ?? stage
  const locatedModel = withModelLocations(model, at('model'))
  const choices = choicesOfAxes(value, kinds)
  const asked = read.map(each => ({ ...each, stages: chosenStages(each.stages, choices, kinds) }))
  const stages = merged(asked, kinds).map(locatedStage)
  refuseAll(unfitNames(name, stages))
  return {
    ...{ name, description, file: resolve(file), text, overrides: set, model: locatedModel },
    ...(plugins.length > 0 && { plugins }),
    ...(prompts && { prompts: withPromptsLocation(prompts, file) }),
    ...(execution && { execution }),
    ...(named.size > 0 && { predictors: named }),
    stages,
    allowMismatch,
    warnings: describe(warnings, source, overrides).map(({ message }) => message)
  }
}

function oversized(value: unknown): Problem[] {
  const found: Problem[] = []
  reportOversized(value, (path, message) => found.push({ path, message }))
  return found
}

function unfitNames(experiment: string, stages: readonly StageBase[]): Problem[] {
  const found: Problem[] = []
  const names = stages.map(({ name }) => name)
  reportNames(experiment, names, (path, message) => found.push({ path, message, atKey: true }))
  return found
}

/**
 * Makes the locations of a stage, or of the model, absolute, and says which are taken as repositories though written as
 * paths are.
 */
function locator(file: string, path: Path, warn: (problem: Problem) => void): Locator {
  return {
    file: location => located(location, file),
    folder(location, key) {
      const found = locatedFolder(location, file)
      const absent = located(location, file)
      const message = `there is no ${absent}, so that ${location} is taken as the repository of that name on Hugging Face; hf:${location} says so`
      if (found !== absent) warn({ path: [...path, key], message })
      return found
    }
  }
}

function withModelLocations(model: ModelSpec, { file, folder }: Locator): ModelSpec {
  if ('command' in model) return model
  if ('onnx' in model) return { ...model, onnx: file(model.onnx) }
  const { guidance } = model
  const classifier = guidance?.classifier === undefined ? undefined : file(guidance.classifier)
  return {
    ...model,
    checkpoint: folder(model.checkpoint, 'checkpoint'),
    ...(guidance && { guidance: { ...guidance, classifier } })
  }
}

function withPromptsLocation(prompts: PromptsSpec, file: string): PromptsSpec {
  return 'csv' in prompts ? { ...prompts, csv: located(prompts.csv, file) } : prompts
}

/** What the schema leaves of a spec beside its stages. */
type RawExperiment = Pick<AnyExperiment, 'name' | 'description' | 'model' | 'prompts' | 'execution'>

interface ReadCase {
  readonly of: Case
  readonly spec: unknown
  readonly stages: readonly StageBase[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** A source that notes what is found in it. */
function noting(source: PredictorSource, found: Map<string, PredictorRecord>): PredictorSource {
  return {
    names: () => source.names(),
    get(name) {
      const record = source.get(name)
      if (record) found.set(name, record)
      return record
    }
  }
}

const NONE: PredictorSource = { names: () => [], get: () => undefined }

/** A spec in each case of its matrix. What is found first at a place is all that is said of it. */
function readCases(value: unknown, cases: readonly Case[], resolving: Resolving): ReadCase[] {
  const resolved = resolver(resolving)
  return cases.map(one => {
    const problems: Problem[] = []
    const say = (found: readonly Problem[]) => {
      const said = new Set(problems.map(({ path }) => path.join('.')))
      problems.push(...found.filter(({ path }) => !said.has(path.join('.'))))
    }
    const spec = inCase(value, one, (path, message) => problems.push({ path, message }))
    say(resolving.schema.check(spec))
    removeStray(spec, problems)
    const { stages, warnings, problems: found } = resolved(spec)
    for (const problem of found) say([problem])
    return { of: one, spec, stages, problems, warnings }
  })
}

/** What is wrong, said once; with one of the cases where not all have it. */
function ofCases(cases: readonly ReadCase[]): Problem[] {
  const found = new Map<string, { problem: Problem; where: Case[] }>()
  for (const { of: one, problems } of cases)
    for (const problem of problems) {
      const key = JSON.stringify([problem.path, problem.message])
      const known = found.get(key) ?? { problem, where: [] }
      known.where.push(one)
      found.set(key, known)
    }
  return [...found.values()].map(({ problem, where }) => {
    if (where.length === cases.length) return problem
    return { ...problem, message: `${problem.message}, where ${describeCase(where[0])}` }
  })
}

/** Takes out keys that have no place, so that they hide nothing else that is wrong. */
function removeStray(spec: unknown, problems: readonly Problem[]): void {
  for (const { path, stray } of problems) {
    const parent = at(spec, path.slice(0, -1))
    if (stray && isMapping(parent)) Reflect.deleteProperty(parent, String(path.at(-1)))
  }
}

function invalid(faults: readonly Fault[]): EpdError {
  return new EpdError('spec-invalid', faults.map(({ message }) => message).join('\n'), { faults })
}

/** The option that overrides come by, which a fault in one of them has as its subject. */
const SET = 'set'

/** Problems with their places, in the order of the file; what overrides have brought comes last. */
function describe(problems: readonly Problem[], source: Source, overrides: readonly Override[]): Fault[] {
  return problems
    .map(problem => {
      const { offset, position, written } = source.locate(problem)
      const override = overrides.findLast(
        ({ path }) => isWithin(problem.path, path) || (!written && isWithin(path, problem.path))
      )
      const where = [override?.source ?? position, ...(problem.path.length > 0 ? [saidPath(problem.path)] : [])]
      const message = `${where.join(': ')}: ${problem.message}`
      const fault = { message, subject: override && SET, wayOut: problem.wayOut }
      return { order: override ? Infinity : offset, fault }
    })
    .sort((a, b) => (a.order === b.order ? 0 : a.order - b.order))
    .map(({ fault }) => fault)
}

function isWithin(path: Path, outer: Path): boolean {
  return outer.every((key, i) => String(path.at(i)) === String(key))
}
