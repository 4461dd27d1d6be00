import { nameOfModel } from '../pipeline/model.js'
import { Listr, type ListrTaskWrapper, type DefaultRenderer } from 'listr2'
import type { RunEvent } from '../pipeline/event.js'
import type { Execution } from '../pipeline/execute.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import { STAGE_KINDS } from '../stages/registry.js'
import type { Display } from './display.js'
import { concerns, digestLine, downloadLine, duration, progressLine, waitingLine } from './progress.js'
import { warn } from './output.js'
import { printable } from './printable.js'

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof DefaultRenderer>

/** A list of stages that fills as they run. */
export function open(experiment: AnyExperiment): Display {
  let handle: (event: RunEvent) => void = () => undefined

  const list = (tasks: { title: string; lines?: number; task: (task: Task) => Promise<void> }[]) =>
    new Listr<unknown, 'default', 'default'>(
      tasks.map(({ title, lines = 1, task }) => ({
        title,
        task: (_: unknown, wrapper: Task) => task(wrapper),
        rendererOptions: { outputBar: lines }
      })),
      {
        registerSignalListeners: false,
        renderer: 'default',
        fallbackRenderer: 'default',
        rendererOptions: { collapseErrors: false, showErrorMessage: false }
      }
    ).run()

  return {
    show: event => {
      if (event.type === 'warning') warn(event.message)
      else handle(event)
    },
    async begin(work) {
      const begun: Execution[] = []
      const task = async (wrapper: Task) => {
        handle = event => {
          if (event.type === 'download') wrapper.output = printable(downloadLine(event))
          if (event.type === 'downloaded') wrapper.output = printable(digestLine(event))
        }
        begun.push(await work())
      }
      await list([{ title: printable(`model  ${nameOfModel(experiment.model)}`), task }])
      return begun[0]
    },
    async stages({ plan, run }) {
      await list(
        plan.stages.map(one => {
          const kind = STAGE_KINDS.of(one.stage)
          const title = printable(`${one.stage.name}  ${kind.summary(one.stage)}`)
          return {
            title,
            lines: kind.lines ?? 1,
            task: async wrapper => {
              handle = stageHandler(one.stage.name, title, wrapper)
              await run(one)
            }
          }
        })
      )
    }
  }
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
