import { InvalidArgumentError, Option } from 'commander'
import { wrongPath } from '../reading/paths.js'

/** A path as it was given. An empty one, such as an unset variable leaves, names no file. */
export function path(given: string): string {
  const wrong = wrongPath(given)
  if (wrong !== undefined) throw new InvalidArgumentError(wrong)
  return given
}

/** A whole number from 1. */
export function positive(given: string): number {
  const value = Number(given)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number from 1')
  return value
}

const store = new Option('--store <dir>', 'folder of the store').default('runs').argParser(path)
export const json = new Option('--json', 'print JSON for programs')
export const verbose = new Option('--verbose', 'show stack traces')
/** The options of what runs stages. */
export const EXECUTION_OPTIONS = [
  new Option('--executor <name>', 'what runs workers: local, slurm or template; see docs/clusters.md'),
  new Option('--jobs <number>', 'workers at once; alone it means processes on this machine').argParser(positive),
  new Option('--keep-going', 'after a failure, still run the stages that need nothing of it'),
  new Option('--detach', 'ask for workers and leave; epd-run resume collects what they have left')
]
export const set = new Option('--set <path=value>', 'override a value of the spec; may be given again').argParser(
  (value: string, values: string[] | undefined) => [...(values ?? []), value]
)

export const allowMismatch = new Option(
  '--allow-mismatch',
  'use predictors on other time points, or with another model, than they were distilled for'
)

/** The options of every command that reads a store. */
export const STORE_OPTIONS = [store, json, verbose]
