import type { RunEvent } from '../pipeline/event.js'
import type { Execution } from '../pipeline/execute.js'
import { nameOfModel } from '../pipeline/model.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import { STAGE_KINDS } from '../stages/registry.js'
import { isLeft } from '../work/collect.js'
import type { Display } from './display.js'
import { concerns, digestLine, downloadLine, duration, progressLine, tellStages, waitingLine } from './progress.js'
import { print, warn } from './output.js'

/** Seconds between two signs of life of the same stage. */
const QUIET = 10

/**
 * Lines that stay: one when a stage ends, and signs of life under its name before that. Why a stage failed is not said
 * here, since the command's last line says it.
 */
export function open(experiment: AnyExperiment): Display {
  // Stages may run side by side.
  const handlers = new Map<string, (event: RunEvent) => void>()

  const shown = async <T>(name: string, what: string, events: (event: RunEvent) => Said, work: () => Promise<T>) => {
    let ending = ''
    const handle = paced(event => {
      const said = events(event)
      if (said?.line !== undefined) print(`› ${name}  ${said.line}`)
      if (said?.ending !== undefined) ending = `  ${said.ending}`
    })
    handlers.set(name, handle)
    try {
      const result = await work()
      print(`✔ ${name}  ${what}${ending}`)
      return result
    } catch (error) {
      print(isLeft(error) ? `› ${name}  its workers go on` : `✖ ${name}  ${what}`)
      throw error
    } finally {
      handlers.delete(name)
    }
  }

  return {
    show: event => {
      if (event.type === 'warning') warn(event.message)
      else tellStages(handlers, event)
    },
    begin: work => shown('model', nameOfModel(experiment.model), download, work),
    stages: ({ plan, run }: Execution, order) =>
      order(plan, one => {
        const { name } = one.stage
        return shown(name, STAGE_KINDS.of(one.stage).summary(one.stage), stageEvents(name), () => run(one))
      })
  }
}

/** What an event has to say: a line of its own, or words for the end of the stage's last line. */
type Said = { readonly line?: string; readonly ending?: string } | undefined

function download(event: RunEvent): Said {
  if (event.type === 'downloaded') return { line: digestLine(event) }
  return event.type === 'download' ? { line: downloadLine(event) } : undefined
}

function stageEvents(stage: string): (event: RunEvent) => Said {
  const progress = progressLine()
  return event => {
    if (!concerns(event, stage)) return undefined
    if (event.type === 'cached') return { ending: '(in the store)' }
    if (event.type === 'finished') return { ending: duration(event.seconds) }
    if (event.type === 'waiting') return { line: waitingLine(event) }
    return event.type === 'progress' ? { line: progress(event) } : undefined
  }
}

/** Lets each iteration through, and of what comes often a sign of life now and then. */
function paced(handle: (event: RunEvent) => void): (event: RunEvent) => void {
  let last = performance.now()
  return event => {
    const frequent = event.type === 'download' || (event.type === 'progress' && event.unit !== 'iterations')
    if (frequent) {
      if (performance.now() - last < QUIET * 1000) return
      last = performance.now()
    }
    handle(event)
  }
}
