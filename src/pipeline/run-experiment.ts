import { join, resolve } from 'node:path'
import { readExperiment, type LoadOptions } from '../experiment/load.js'
import type { Experiment } from '../experiment/experiment.js'
import { beforeLeaving } from '../leaving.js'
import { createStore, type ResultRow, type RunStage, type WritableStore } from '../store/store.js'
import type { OnEvent } from './event.js'
import type { Execution } from './execute.js'
import type { Plan } from './plan.js'
import type { ExecuteOptions } from './prepare.js'
import { predictorsIn, type TakenPredictor } from './predictors.js'

/** A spec as data: what YAML of the same content reads as, before its defaults are filled in. */
export type SpecObject = Readonly<Record<string, unknown>>

/** How a spec is read. */
export interface SpecOptions extends Pick<LoadOptions, 'set' | 'allowMismatch' | 'metrics'> {
  /**
   * The folder that relative paths of a spec object start from; default: the working folder. Those of a file start from
   * its folder.
   */
  readonly baseDir?: string
}

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
  try {
    const { runId } = await carryOut({ experiment, store, signal, onEvent, metrics })
    return { runId, results: store.results(runId), stages: store.runStages(runId) }
  } finally {
    if (typeof given === 'string') store.close()
  }
}

/** An experiment with its plugins and the predictors of the store in this folder. @throws EpdError `spec-invalid` */
export function experimentOf(
  spec: string | SpecObject,
  dir: string,
  options: SpecOptions,
  onTaken?: (taken: TakenPredictor) => void
): Promise<Experiment> {
  const { set, allowMismatch, metrics, baseDir = '.' } = options
  const source =
    typeof spec === 'string' ? { file: spec } : { file: join(resolve(baseDir), OBJECT), text: written(spec) }
  return readExperiment({ ...source, set, allowMismatch, metrics, predictors: predictorsIn(dir, onTaken) })
}

/** What stands for the name of a file in messages, and in the store. */
const OBJECT = '<object>'

/** JSON is YAML: the store keeps the text, from which the command line can resume the run. */
function written(spec: SpecObject): string {
  return `${JSON.stringify(spec, null, 2)}\n`
}

/** What is done around the parts of a run while it is watched. */
export interface Watch {
  /** Has the model opened and the stages named. */
  readonly begin: (work: () => Promise<Execution>) => Promise<Execution>
  /** Runs the stages one after the other. */
  readonly stages: (execution: Execution) => Promise<void>
}

const UNWATCHED: Watch = {
  begin: work => work(),
  async stages({ plan, run }) {
    for (const stage of plan.stages) await run(stage)
  }
}

/** Runs an experiment from its beginning to its end, whatever that is: finished, failed or interrupted. */
export async function carryOut(options: ExecuteOptions, watch: Watch = UNWATCHED): Promise<Plan> {
  let execution: Execution | undefined
  const left = beforeLeaving(() => {
    if (execution) options.store.endRun(execution.plan.runId, 'interrupted', 'interrupted')
  })
  try {
    const { begin } = await import('./execute.js')
    execution = await watch.begin(() => begin(options))
    await watch.stages(execution)
    await execution.end()
    return execution.plan
  } catch (error) {
    await execution?.end(error)
    throw error
  } finally {
    left()
  }
}
