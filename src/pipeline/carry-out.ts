import { join, resolve } from 'node:path'
import { readExperiment, type LoadOptions } from '../experiment/load.js'
import type { Experiment } from '../experiment/experiment.js'
import { beforeLeaving } from '../leaving.js'
import type { Execution } from './execute.js'
import type { Plan, PlannedStage } from './plan.js'
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

/** Runs all stages of a plan, each after those that it needs; `run` has one computed. */
export type RunStages = (plan: Plan, run: (planned: PlannedStage) => Promise<void>) => Promise<void>

/** What is done around the parts of a run while it is watched. */
export interface Watch {
  /** Has the model opened and the stages named. */
  readonly begin: (work: () => Promise<Execution>) => Promise<Execution>
  /** Runs the stages as `order` does. */
  readonly stages: (execution: Execution, order: RunStages) => Promise<void>
}

const UNWATCHED: Watch = {
  begin: work => work(),
  stages: ({ plan, run }, order) => order(plan, run)
}

/** Runs the stages of a plan one after the other. */
export const oneByOne: RunStages = async ({ stages }, run) => {
  for (const stage of stages) await run(stage)
}

/** Runs an experiment from its beginning to its end, whatever that is: finished, failed or interrupted. */
export async function carryOut(
  options: ExecuteOptions,
  watch: Watch = UNWATCHED,
  order: RunStages = oneByOne
): Promise<Plan> {
  let execution: Execution | undefined
  const left = beforeLeaving(() => {
    if (execution) options.store.endRun(execution.plan.runId, 'interrupted', 'interrupted')
  })
  try {
    const { begin } = await import('./execute.js')
    execution = await watch.begin(() => begin(options))
    await watch.stages(execution, order)
    await execution.end()
    return execution.plan
  } catch (error) {
    await execution?.end(error)
    throw error
  } finally {
    left()
  }
}
