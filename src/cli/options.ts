import { Command, InvalidArgumentError, Option } from 'commander'
import { wrongPath } from '../reading/paths.js'
import { FORMATS } from './flags.js'

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

/** A port, from 0 to 65,535. */
export function port(given: string): number {
  const value = Number(given)
  if (!/^\d+$/.test(given) || value > 65_535) throw new InvalidArgumentError('expected a whole number from 0 to 65535')
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
/** Gathers the values of an option that may be given again. */
export function again(value: string, values: string[] | undefined): string[] {
  return [...(values ?? []), value]
}

export const set = new Option('--set <path=value>', 'override a value of the spec; may be given again').argParser(again)

export const allowMismatch = new Option(
  '--allow-mismatch',
  'use predictors on other time points, or with another model, than they were distilled for'
)

export const where = new Option(
  '--where <conditions>',
  'only what meets conditions such as nfe=5 or "rmse<0.05 and solver~epd"; may be given again'
).argParser(again)

export const sort = new Option('--sort <property>', 'the smallest first; with - before it (--sort=-rmse) the largest')

export const format = new Option('--format <format>', 'how to print it').choices(FORMATS).default('text')

/** The options of every command that reads a store. */
export const STORE_OPTIONS = [store, json, verbose]

/** A command to which several options can be added at once. */
export class CommandOfMany extends Command {
  override createCommand(name?: string): CommandOfMany {
    return new CommandOfMany(name)
  }

  addOptions(options: readonly Option[]): this {
    for (const option of options) this.addOption(option)
    return this
  }
}
