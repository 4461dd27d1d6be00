import type { RunEvent } from '../pipeline/event.js'
import type { RunStages } from '../pipeline/carry-out.js'
import type { Execution } from '../pipeline/execute.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import { isLive } from './terminal.js'

/** Where a run is watched. */
export interface Display {
  readonly show: (event: RunEvent) => void
  /** Shows the model being got ready. */
  readonly begin: (work: () => Promise<Execution>) => Promise<Execution>
  /** Runs the stages as `order` does, each shown. */
  readonly stages: (execution: Execution, order: RunStages) => Promise<void>
}

/** JSON for programs, a list that changes on a live terminal, else plain lines. */
export async function openDisplay(experiment: AnyExperiment, { json = false }): Promise<Display> {
  const { open } = json
    ? await import('./display-json.js')
    : isLive(process.stdout)
      ? await import('./display-live.js')
      : await import('./display-plain.js')
  return open(experiment)
}
