import { createInstrumenter } from 'istanbul-lib-instrument'

const instrumenter = createInstrumenter({ esModules: true, compact: true, coverageVariable: '__coverage__' })
const SOURCES = new URL('../../../src/', import.meta.url).href

/**
 * Has the modules of src/ count how often each of their functions and branches is taken.
 * @type {import('node:module').LoadHook}
 */
export async function load(url, context, next) {
  const loaded = await next(url, context)
  if (!url.startsWith(SOURCES) || loaded.format !== 'module' || loaded.source === undefined) return loaded
  const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
  return { ...loaded, source: instrumenter.instrumentSync(source, new URL(url).pathname) }
}
