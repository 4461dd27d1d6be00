import { nameOfModel } from '../pipeline/model.js'
import { Listr, type ListrTaskWrapper, type DefaultRenderer } from 'listr2'
import type { RunEvent } from '../pipeline/event.js'
import { oneByOne } from '../pipeline/carry-out.js'
import type { Execution } from '../pipeline/execute.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import { STAGE_KINDS } from '../stages/registry.js'
import type { Display } from './display.js'
import { concerns, digestLine, downloadLine, duration, progressLine, tellStages, waitingLine } from './progress.js'
import { warn } from './output.js'
import { printable } from './printable.js'

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof DefaultRenderer>

/** A list of stages that fills as they run. */
export function open(experiment: AnyExperiment): Display {
  const handlers = new Map<string, (event: RunEvent) => void>()

  return {
    show: event => {
      if (event.type === 'warning') warn(event.message)
      else tellStages(handlers, event)
    },
    async begin(work) {
      const begun: Execution[] = []
      const task = async (wrapper: Task) => {
        handlers.set('model', event => {
          if (event.type === 'download') wrapper.output = printable(downloadLine(event))
          if (event.type === 'downloaded') wrapper.output = printable(digestLine(event))
        })
        begun.push(await work())
        handlers.clear()
      }
      await list([{ title: printable(`model  ${nameOfModel(experiment.model)}`), task }])
      return begun[0]
    },
    async stages({ plan, run }, order) {
      const gates = new Map(plan.stages.map(({ stage }) => [stage.name, gate()]))
      const all = order(plan, one => {
        const work = run(one)
        gates.get(one.stage.name)?.open(work)
        return work
      }).finally(() => {
        for (const { open } of gates.values()) open()
      })
      const tasks = plan.stages.map(({ stage }) => {
        const kind = STAGE_KINDS.of(stage)
        const title = printable(`${stage.name}  ${kind.summary(stage)}`)
        const task = async (wrapper: Task) => {
          handlers.set(stage.name, stageHandler(stage.name, title, wrapper))
          await gates.get(stage.name)?.passed
        }
        return { title, lines: kind.lines ?? 1, task }
      })
      await Promise.allSettled([all, list(tasks, order !== oneByOne)])
      await all
    }
  }
}

interface ListedTask {
  readonly title: string
  readonly lines?: number
  readonly task: (task: Task) => Promise<void>
}

/** Runs tasks one after the other, or all at once, of which then each has its own end. */
function list(tasks: ListedTask[], concurrent = false): Promise<unknown> {
  return new Listr<unknown, 'default', 'default'>(
    tasks.map(({ title, lines = 1, task }) => ({
      title,
      task: (_: unknown, wrapper: Task) => task(wrapper),
      rendererOptions: { outputBar: lines }
    })),
    {
      concurrent,
      exitOnError: !concurrent,
      registerSignalListeners: false,
      renderer: 'default',
      fallbackRenderer: 'default',
      rendererOptions: { collapseErrors: false, showErrorMessage: false }
    }
  ).run()
}

/** What a stage's task waits for: the stage's end, or that the stage will not begin. */
function gate() {
  let open: (work?: Promise<void>) => void = () => undefined
  const passed = new Promise<void>(resolve => {
    open = resolve
  })
  return { passed, open }
}

function stageHandler(stage: string, title: string, wrapper: Task): (event: RunEvent) => void {
  const progress = progressLine()
  return event => {
    if (!concerns(event, stage)) return
    switch (event.type) {
      case 'cached':
        wrapper.title = `${title}  (in the store)`
        break
      case 'waiting':
        wrapper.output = printable(waitingLine(event))
        break
      case 'progress':
        wrapper.output = printable(progress(event))
        break
      case 'finished':
        wrapper.title = `${title}  ${duration(event.seconds)}`
        break
      case 'started':
      case 'download':
      case 'downloaded':
      case 'warning':
        break
    }
  }
}
