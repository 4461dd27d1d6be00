import { setMaxListeners } from 'node:events'
import { EpdError, messageOf } from '../errors.js'
import type { ExecutionSpec } from '../executors/execution-keys.js'
import { executorNamed } from '../executors/registry.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import { oneByOne, type RunStages } from '../pipeline/carry-out.js'
import type { OnEvent } from '../pipeline/event.js'
import type { Elsewhere } from '../pipeline/prepare.js'
import { described } from '../predictors/file.js'
import { elsewhere, isLeft } from './collect.js'
import { ordersFolder } from '../store/folders.js'
import { leftThreads } from './left-threads.js'
import { neededFiles, type NeededFile } from './needed-files.js'
import { schedule } from './schedule.js'

export interface DistributionOptions {
  readonly experiment: AnyExperiment
  /** The folder of the store. */
  readonly root: string
  readonly signal: AbortSignal
  readonly onEvent: OnEvent
  /** Whether stages still run that need nothing of a stage that failed. */
  readonly keepGoing?: boolean
  /** Whether to leave as soon as workers are asked for. */
  readonly detach?: boolean
}

/** How the stages of a run are computed, and in which order. */
export interface Distributed {
  readonly elsewhere?: Elsewhere
  readonly order: RunStages
}

/** Stages of which workers compute something at once. Each is noted in the store every second. */
const STAGES_AT_ONCE = 64

const [EVALUATIONS, RETRIES] = [20_000, 3]

/** What `execution` means for a run; without it all is computed within this process. */
export function distributed(execution: ExecutionSpec | undefined, options: DistributionOptions): Distributed {
  const { experiment, root, signal, onEvent, keepGoing = false, detach = false } = options
  const order = schedule({
    atOnce: execution ? STAGES_AT_ONCE : 1,
    // Workers that go on alone keep no other stage from being asked for.
    goesOn: error => keepGoing || (detach && isLeft(error)),
    onFailed(stage, error) {
      if (error === signal.reason || isInterruption(error)) return
      onEvent({ type: 'warning', message: `stage "${stage}" failed too: ${messageOf(error)}` })
    }
  })
  if (!execution) return { order: keepGoing ? order : oneByOne }
  const { executor: name, jobs, evaluations = EVALUATIONS, retries = RETRIES, deadline, scratch, ...own } = execution
  const descriptor = executorNamed(name)
  // Every stage that is under way listens to it.
  setMaxListeners(0, signal)
  if (detach && descriptor.endsWithUs)
    throw new EpdError('usage', `detach: the workers of "${name}" end with the run that started them`, {
      subject: 'detach'
    })
  const { file, text, overrides, allowMismatch, predictors = [] } = experiment
  let files: Promise<readonly NeededFile[]> | undefined
  const workerArguments = scratch === undefined ? [] : ['--scratch', scratch]
  return {
    order,
    elsewhere: elsewhere({
      name,
      executor: descriptor.open(own, { orders: ordersFolder(root), jobs, workerArguments }),
      ...{ jobs, evaluations, retries, deadline, detach, interval: descriptor.interval },
      cancels: () => descriptor.endsWithUs || !isLeaving(signal),
      predictors: Object.fromEntries([...predictors].map(([key, record]) => [key, described(record)])),
      spec: { file, text, overrides, allowMismatch },
      readLeft: leftThreads(),
      // They are read once for all stages.
      files: () => (files ??= neededFiles(experiment, root))
    })
  }
}

/** Whether a stage has failed by no fault, but because the run was interrupted or leaves its workers alone. */
function isInterruption(error: unknown): boolean {
  return error instanceof EpdError
    ? error.code === 'interrupted'
    : error instanceof Error && error.name === 'AbortError'
}

/** Whether this process ends because its machine or its terminal does, and nobody has asked the work to stop. */
function isLeaving({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof EpdError && ['SIGTERM', 'SIGHUP'].includes(reason.subject ?? '')
}
