import type { RunEvent } from '../pipeline/event.js'
import type { Execution } from '../pipeline/execute.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import type { Display } from './display.js'
import { printJson } from './output.js'

/** Every event as a line of JSON on stdout. */
export function open(experiment: AnyExperiment): Display {
  const show = (event: RunEvent | { readonly type: 'run'; readonly [key: string]: unknown }) => {
    printJson(event)
  }
  return {
    show,
    begin: work => work(),
    async stages({ plan, run }: Execution, order) {
      const stages = plan.stages.map(({ stage, key }) => ({ name: stage.name, kind: stage.kind, key }))
      show({ type: 'run', run: plan.runId, experiment: experiment.name, stages })
      await order(plan, run)
    }
  }
}
