import { fileURLToPath } from 'node:url'
import type { Share } from './executor.js'

/** The command line that starts this program as it was started itself. */
export function thisProgram(): readonly string[] {
  const main = fileURLToPath(new URL(`../cli/main${extension()}`, import.meta.url))
  const loader = extension() === '.ts' ? ['--import', 'tsx'] : []
  return [process.execPath, ...loader, main]
}

/** The arguments of a worker. */
export function workArguments(order: string, share: Share): readonly string[] {
  return ['work', order, '--shards', positions(share)]
}

/** Shards as `--shards` takes them. */
export function positions({ first, last }: Share): string {
  return first === last ? String(first) : `${first}-${last}`
}

/** A word as a shell reads it. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_./@%+=:,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** The sources are run as they are by those who work on the project. */
function extension(): string {
  return import.meta.url.endsWith('.ts') ? '.ts' : '.js'
}
