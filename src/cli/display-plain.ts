import type { RunEvent } from '../pipeline/event.js'
import type { Execution } from '../pipeline/execute.js'
import type { LiveRun } from '../pipeline/live.js'
import { nameOfModel } from '../pipeline/model.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import { STAGE_KINDS } from '../stages/registry.js'
import { stageLine, waitingLine, wholeLine } from '../pipeline/live-words.js'
import { duration } from '../words.js'
import type { Display } from './display.js'
import { concerns, digestLine, downloadLine } from './progress.js'
import { print, warn } from './output.js'

/** Seconds between two signs of life of the same stage. */
const QUIET = 10

/**
 * Lines that stay: one when a stage ends, and signs of life under its name before that. Why a stage failed is not said
 * here, since the command's last line says it.
 */
export function open(experiment: AnyExperiment): Display {
  // What is under way, by its name. Several stages are at once.
  const handlers = new Map<string, (event: RunEvent) => void>()
  const handle = (event: RunEvent) => {
    const own = 'stage' in event ? handlers.get(event.stage) : undefined
    const handler = own ?? [...handlers.values()].at(-1)
    handler?.(event)
  }

  const shown = async <T>(name: string, what: string, events: (event: RunEvent) => Said, work: () => Promise<T>) => {
    let ending = ''
    const handler = paced(event => {
      const said = events(event)
      if (said?.line !== undefined) print(`› ${name}  ${said.line}`)
      if (said?.ending !== undefined) ending = `  ${said.ending}`
    })
    handlers.set(name, handler)
    try {
      const result = await work()
      print(`✔ ${name}  ${what}${ending}`)
      return result
    } catch (error) {
      print(`✖ ${name}  ${what}`)
      throw error
    } finally {
      handlers.delete(name)
    }
  }

  return {
    show: event => {
      if (event.type === 'warning') warn(event.message)
      else handle(event)
    },
    begin: work => shown('model', nameOfModel(experiment.model), download, work),
    stages: ({ plan, run, live }: Execution, order) =>
      order(plan, one => {
        const { name } = one.stage
        return shown(name, STAGE_KINDS.of(one.stage).summary(one.stage), stageEvents(name, live), () => run(one))
      })
  }
}

/** What an event has to say: a line of its own, or words for the end of the stage's last line. */
type Said = { readonly line?: string; readonly ending?: string } | undefined

function download(event: RunEvent): Said {
  if (event.type === 'downloaded') return { line: digestLine(event) }
  return event.type === 'download' ? { line: downloadLine(event) } : undefined
}

function stageEvents(stage: string, live: () => LiveRun): (event: RunEvent) => Said {
  return event => {
    if (!concerns(event, stage)) return undefined
    if (event.type === 'cached') return { ending: '(in the store)' }
    if (event.type === 'finished') return { ending: duration(event.seconds) }
    if (event.type === 'waiting') return { line: waitingLine(event) }
    if (event.type !== 'progress') return undefined
    return { line: event.unit === 'iterations' ? event.note : signOfLife(stage, live(), event.note) }
  }
}

/** Where a stage that runs is, and all of the run. */
function signOfLife(name: string, whole: LiveRun, note: string | undefined): string | undefined {
  const stage = whole.running.find(one => one.name === name)
  return stage && [stageLine(stage), note, wholeLine(whole)].filter(Boolean).join('  ')
}

/**
 * Lets each iteration through. Events that come often become a sign of life now and then, which comes twice as late each
 * time as long as nothing more is done.
 */
function paced(handle: (event: RunEvent) => void): (event: RunEvent) => void {
  let [last, quiet, before] = [performance.now(), QUIET, -1]
  return event => {
    const done = doneIn(event)
    if (done !== undefined) {
      const isMore = done !== before
      if (performance.now() - last < (isMore ? QUIET : quiet) * 1000) return
      quiet = isMore ? QUIET : 2 * quiet
      last = performance.now()
      before = done
    }
    handle(event)
  }
}

/** How much is done by an event that comes often; undefined for others. */
function doneIn(event: RunEvent): number | undefined {
  if (event.type === 'download') return event.received
  return event.type === 'progress' && event.unit !== 'iterations' ? event.done : undefined
}
