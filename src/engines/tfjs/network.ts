import type { NetworkSource, NetworkThread, RunSettings } from '../engine.js'
import { pooled } from '../pool.js'
import type { Recipe } from '../recipe.js'
import { openWorker, type Session } from '../session.js'
import { program } from './compile.js'
import type { Program } from './program.js'
import type { TfjsProvider } from './providers.js'

/** Opens a network of this project. */
export async function openNetwork(
  { recipe, tensors }: NetworkSource,
  provider: TfjsProvider,
  { onNote }: RunSettings
): Promise<Session> {
  const thread = threadOf(program(recipe, await tensors()), provider)
  return pooled([await openWorker({ engine: `TensorFlow.js (${provider.name})`, ...thread })], onNote)
}

/** The thread that runs a recipe without parameters. */
export function trial(recipe: Recipe, provider: TfjsProvider): Promise<NetworkThread> {
  return Promise.resolve(threadOf(program(recipe, new Map()), provider))
}

function threadOf(program: Program, provider: TfjsProvider): NetworkThread {
  return {
    script: new URL('./worker.js', import.meta.url),
    settings: { program, package: provider.package, backend: provider.backend }
  }
}
