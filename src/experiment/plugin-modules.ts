import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { digestOfBytes } from '../files/digest.js'
import { readWhole } from '../files/read.js'
import { systemReason } from '../files/reasons.js'
import { faultsOf, isDescriptor } from '../solvers/check-descriptor.js'
import { SOLVERS } from '../solvers/registry.js'
import { child } from '../reading/plain.js'
import type { Plugin } from './plugins.js'
import { quote, type Report } from '../reading/problem.js'
import { loadSchema, VOCABULARY } from './schema.js'

/** What each path under `plugins` leads to: a plugin, or what is wrong with it in words. */
export type PluginModules = ReadonlyMap<string, Plugin | string>

/**
 * Imports the modules that a spec names. They are run: a spec is to be trusted as a program is. `file`: where the spec
 * is.
 */
export async function importPlugins(spec: unknown, file: string): Promise<PluginModules> {
  const paths = pathsIn(spec).flatMap(path => (typeof path === 'string' ? path : []))
  return new Map(
    await Promise.all(paths.map(async path => [path, await importPlugin(resolve(dirname(file), path))] as const))
  )
}

function pathsIn(spec: unknown): readonly unknown[] {
  const paths = child(spec, 'plugins')
  return Array.isArray(paths) ? paths : []
}

async function importPlugin(file: string): Promise<Plugin | string> {
  try {
    const digest = digestOfBytes(await readWhole(file))
    // Another content is another module, whatever was imported before.
    const module: unknown = await import(`${pathToFileURL(file).href}?sha256=${digest}`)
    const solver = child(module, 'default') ?? child(module, 'solver')
    if (!isDescriptor(solver))
      return `expected a module that exports a solver, found ${file}, where ${faultsOf(solver).join('; ')}`
    // Options that are no JSON Schema throw here.
    loadSchema({ ...VOCABULARY, solvers: [...SOLVERS.filter(({ name }) => name !== solver.name), solver] })
    return { file, digest, solver }
  } catch (error) {
    return `expected a module that can be imported, found ${file}: ${systemReason(error) ?? (error instanceof Error ? error.message : String(error))}`
  }
}

/** The plugins that a spec names, in its order; what is wrong with them is reported. */
export function pluginsOf(spec: unknown, modules: PluginModules, report: Report): Plugin[] {
  const found: Plugin[] = []
  pathsIn(spec).forEach((path, i) => {
    const plugin = typeof path === 'string' ? (modules.get(path) ?? NOT_IMPORTED) : undefined
    if (plugin === undefined) return
    const names = [...SOLVERS, ...found.map(({ solver }) => solver)].map(({ name }) => name)
    const fault = typeof plugin === 'string' ? plugin : takenFault(plugin, names)
    if (fault !== undefined) report(['plugins', i], fault)
    else if (typeof plugin !== 'string') found.push(plugin)
  })
  return found
}

const NOT_IMPORTED = 'expected a spec without plugins, which readExperiment alone imports'

function takenFault({ solver }: Plugin, names: readonly string[]): string | undefined {
  return names.includes(solver.name)
    ? `expected a solver with a name of its own, found ${quote(solver.name)} again`
    : undefined
}
