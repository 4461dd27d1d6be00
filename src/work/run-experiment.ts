import type { ExecutionSpec } from '../executors/execution-keys.js'
import type { OnEvent } from '../pipeline/event.js'
import { carryOut, experimentOf, type SpecObject, type SpecOptions } from '../pipeline/carry-out.js'
import { createStore, type ResultRow, type RunStage, type WritableStore } from '../store/store.js'
import { distributed } from './distribution.js'

/** How an experiment is run. */
export interface RunExperimentOptions extends SpecOptions {
  /** The store, or its folder, which is made if it is not there. A store that was given open stays open. */
  readonly store: string | WritableStore
  /** Told of warnings, downloads, and the beginning, progress and end of each stage. */
  readonly onEvent?: OnEvent
  /**
   * An aborted signal ends the run before the next batch; what is done is kept, and the same call goes on from there.
   */
  readonly signal?: AbortSignal
  /**
   * Where stages are computed, in place of what the spec says of it; without either, within this process. No result
   * depends on it.
   */
  readonly execution?: ExecutionSpec
  /** Whether stages still run that need nothing of a stage that failed. */
  readonly keepGoing?: boolean
}

/** A run that has finished. */
export interface FinishedRun {
  /** The experiment's name with the beginning of the digest of all its stages. */
  readonly runId: string
  /** A row for each stage of samples and each stage that scored them. */
  readonly results: readonly ResultRow[]
  /** All stages in the order in which they ran; a key finds what a stage has left in the store. */
  readonly stages: readonly RunStage[]
}

/**
 * Runs an experiment to its end: the path of a YAML spec, or a spec as an object. Stages that the store has are not
 * computed again, so that the same spec gives the same run.
 * @throws EpdError `spec-invalid` with all that is wrong with the spec, and whatever a stage fails with; the run is
 * then marked as failed
 * @throws the signal's reason once it is aborted; the run is then marked as interrupted
 */
export async function runExperiment(spec: string | SpecObject, options: RunExperimentOptions): Promise<FinishedRun> {
  const { store: given, onEvent = () => undefined, signal = new AbortController().signal, metrics } = options
  const dir = typeof given === 'string' ? given : given.root
  const experiment = await experimentOf(spec, dir, options)
  const store = typeof given === 'string' ? createStore(given) : given
  const { execution = experiment.execution, keepGoing } = options
  try {
    const { elsewhere, order } = distributed(execution, { experiment, root: store.root, signal, onEvent, keepGoing })
    const { runId } = await carryOut({ experiment, store, signal, onEvent, metrics, elsewhere }, undefined, order)
    return { runId, results: store.results(runId), stages: store.runStages(runId) }
  } finally {
    if (typeof given === 'string') store.close()
  }
}
