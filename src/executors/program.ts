import { fileURLToPath } from 'node:url'
import type { Share } from './executor.js'

/** The command line of a worker, as this program was started itself. */
export function workCommand(order: string, { first, last }: Share): string[] {
  const main = fileURLToPath(new URL(`../cli/main${extension()}`, import.meta.url))
  const loader = extension() === '.ts' ? ['--import', 'tsx'] : []
  return [process.execPath, ...loader, main, 'work', order, '--shards', `${first}-${last}`]
}

/** The sources are run as they are by those who work on the project. */
function extension(): string {
  return import.meta.url.endsWith('.ts') ? '.ts' : '.js'
}
