import { runnersOf, type Precision, type Runner } from './engine.js'
import { onnx } from './onnx/engine.js'
import { tfjs } from './tfjs/engine.js'

/**
 * All engines on all their providers, the fastest first. A new engine is added here, a new provider in its engine's
 * folder.
 */
export const RUNNERS: readonly Runner[] = [...runnersOf(onnx), ...runnersOf(tfjs)].sort(
  (a, b) => a.provider.rank - b.provider.rank
)

/** The names by which a spec may ask for engines and providers, each once. */
export function namesOf(runners: readonly Runner[]): { readonly engines: string[]; readonly providers: string[] } {
  return {
    engines: ['auto', ...new Set(runners.map(({ engine }) => engine))],
    providers: [...new Set(runners.map(({ provider }) => provider.name))]
  }
}

/** What may be asked of whatever runs a network. */
export interface EngineOptions {
  /** An engine's name; default: auto, the fastest that works. */
  readonly engine?: string
  /** The name of one of its providers; default: the engine's fastest that works. */
  readonly provider?: string
  /** Default: float32. */
  readonly precision?: Precision
  /** GPUs by their numbers, between which each batch is split; default: the first. */
  readonly devices?: readonly number[]
}

/** One of the runners, by the names of its engine and provider, and the GPU that it is to take. */
export interface RunnerChoice {
  readonly engine: string
  readonly provider: string
  readonly devices?: readonly number[]
}

/** @throws RangeError if there is none of these names */
export function runnerOf({ engine, provider }: RunnerChoice): Runner {
  const runner = candidates({ engine, provider }).at(0)
  if (runner) return runner
  throw new RangeError(`there is no ${engine}:${provider}`)
}

/** Those that options allow, in the order of the runners. */
export function candidates(
  { engine = 'auto', provider, precision = 'float32', devices }: EngineOptions,
  runners: readonly Runner[] = RUNNERS
): Runner[] {
  return runners.filter(
    runner =>
      (engine === 'auto' || runner.engine === engine) &&
      (provider === undefined || runner.provider.name === provider) &&
      runner.provider.precisions.includes(precision) &&
      (devices === undefined || runner.provider.hasDevices)
  )
}
