import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { EpdError } from '../errors.js'
import { CONFIGURATION, type ExecutionSpec } from '../executors/execution-keys.js'
import { EXECUTORS } from '../executors/registry.js'
import { loadSchema } from '../experiment/schema.js'
import { readSource } from '../experiment/source.js'
import { copy } from '../reading/plain.js'
import { expected, saidPath } from '../reading/problem.js'

/** The options that say where stages are computed. */
export interface ExecutionFlags {
  readonly executor?: string
  readonly jobs?: number
  readonly keepGoing?: boolean
  readonly detach?: boolean
}

/**
 * Where stages are computed: what the options say of it, then the spec, then the configuration files. Keys are joined
 * as long as the executor is the same.
 * @throws EpdError `spec-invalid` where a configuration file is not as it must be, `usage`
 */
export function executionFrom(spec: ExecutionSpec | undefined, flags: ExecutionFlags): ExecutionSpec | undefined {
  const before = [...configurationFiles().map(configurationIn), spec].reduce(joined, undefined)
  const { executor, jobs } = flags
  if (executor !== undefined && !EXECUTORS.some(({ name }) => name === executor)) throw unknown(executor)
  const name = executor ?? before?.executor ?? (jobs === undefined ? undefined : 'local')
  if (name === undefined) return undefined
  return joined(before, { executor: name, ...(jobs !== undefined && { jobs }) })
}

/** The configuration files that there are, from the most general. */
export function configurationFiles(): string[] {
  const own = process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config')
  return [join(own, 'epd-run', 'config.yaml'), 'epd-run.config.yaml'].filter(file => existsSync(file))
}

function joined(before: ExecutionSpec | undefined, more: ExecutionSpec | undefined): ExecutionSpec | undefined {
  if (!more) return before
  return before?.executor === more.executor ? { ...before, ...more } : more
}

function configurationIn(file: string): ExecutionSpec | undefined {
  const { value, faults, locate } = readSource(file)
  if (faults.length > 0) throw new EpdError('spec-invalid', faults.join('\n'), { faults: faults.map(toFault) })
  const schema = loadSchema()
  const found = schema.check(copy(value), CONFIGURATION).map(problem => {
    const place = [locate(problem).position, ...(problem.path.length > 0 ? [saidPath(problem.path)] : [])]
    return `${place.join(': ')}: ${problem.message}`
  })
  if (found.length > 0) throw new EpdError('spec-invalid', found.join('\n'), { faults: found.map(toFault) })
  return schema.is(CONFIGURATION)(value) ? value.execution : undefined
}

function toFault(message: string) {
  return { message }
}

function unknown(executor: string): EpdError {
  const names = EXECUTORS.map(({ name }) => name)
  return new EpdError('usage', `--executor: ${expected(names.join(', '), executor, names)}`)
}
