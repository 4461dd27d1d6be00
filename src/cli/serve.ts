import { serve as served } from '../serve/serve.js'
import type { Flags } from './flags.js'
import { print, printJson, tellLines } from './output.js'

/** What the command is told beside the store. */
export interface ServeFlags extends Flags {
  readonly port: number
}

/**
 * Serves pages over a store until the process is ended, and says where. Ctrl-C ends it at once: nothing is ever
 * written.
 */
export async function serve({ store, port, json, verbose = false }: ServeFlags): Promise<void> {
  const { url } = await served(store, {
    port,
    onError: error => {
      tell(error, verbose)
    }
  })
  if (json) printJson({ type: 'listening', url, store })
  else print(`${url}  (Ctrl-C ends it)`)
}

/** Tells of a page that could not be made; the server goes on. */
function tell(error: unknown, verbose: boolean): void {
  const message = error instanceof Error ? error.message : String(error)
  const trace = verbose && error instanceof Error ? `\n${error.stack ?? ''}` : ''
  tellLines(`warning: a page could not be made: ${message}${trace}`)
}
