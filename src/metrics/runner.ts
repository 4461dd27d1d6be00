import { runnerOf, type RunnerChoice } from '../engines/registry.js'

/** Where networks that look at images run unless they are told to run where a model does. */
export const ON_CPU: RunnerChoice = { engine: 'onnx', provider: 'cpu' }

/** A network that looks at images. */
export type Looker = 'inception' | 'clip' | 'fashion28'

/** Where and how a network that looks at images runs. */
export interface LookingOptions {
  /** Folder of compiled graphs. */
  readonly cacheDir: string
  /** Where it runs, in single precision; default: ONNX Runtime on the CPU. */
  readonly runner?: RunnerChoice
  /** Threads of the engine; default: all cores. No result depends on it. */
  readonly threads?: number
  /** Ends what is under way. */
  readonly signal?: AbortSignal
  /** Told of a compiled graph that is damaged and made anew. */
  readonly onNote?: (message: string) => void
}

/**
 * Images that each looks at at once on a CPU, where what is under way cannot be stopped; of Inception's each takes some
 * 20 MB.
 */
const ON_HOST: Readonly<Record<Looker, number>> = { inception: 4, clip: 2, fashion28: 64 }
/** Images that a GPU looks at at once: as many as a stage stores together. */
const ON_GPU = 64

export function batchOf(looker: Looker, runner: RunnerChoice): number {
  return runnerOf(runner).provider.gpu ? ON_GPU : ON_HOST[looker]
}

/**
 * What the bits of a network's answers depend on: engine, provider and precision, and the batch unless they are the
 * same in any.
 */
export interface RunnerMark {
  readonly engine: string
  readonly batch?: number
}

export function markOf(looker: Looker, runner: RunnerChoice = ON_CPU): RunnerMark {
  const { name, provider } = runnerOf(runner)
  return { engine: `${name}:float32`, batch: provider.batchInvariant ? undefined : batchOf(looker, runner) }
}

/** The mark of a network that keys of results name only if it runs elsewhere than by default. */
export function markElsewhere(looker: Looker, runner: RunnerChoice = ON_CPU): RunnerMark | undefined {
  return runnerOf(runner) === runnerOf(ON_CPU) ? undefined : markOf(looker, runner)
}
