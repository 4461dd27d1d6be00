import { nameOfModel } from '../pipeline/model.js'
import { Listr, type ListrTaskWrapper, type DefaultRenderer, type SimpleRenderer } from 'listr2'
import type { RunEvent } from '../pipeline/event.js'
import type { Execution } from '../pipeline/execute.js'
import type { Experiment } from '../spec/experiment.js'
import { downloadLine, duration, progressLine } from './progress.js'
import { summary } from './summary.js'

/** Where a run is watched. */
export interface Display {
  readonly show: (event: RunEvent) => void
  /** Shows the model being got ready. */
  readonly begin: (work: () => Promise<Execution>) => Promise<Execution>
  /** Runs the stages one after the other, each shown. */
  readonly stages: (execution: Execution) => Promise<void>
}

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>

const ITERATIONS_SHOWN = 4

/** Seconds between two lines about the same stage, where lines cannot be overwritten. */
const QUIET = 10

/** A list of stages that fills as they run; plain lines where stdout is no terminal. */
export function open(experiment: Experiment): Display {
  const live = process.stdout.isTTY
  let handle: (event: RunEvent) => void = () => undefined

  const list = (tasks: { title: string; lines?: number; task: (task: Task) => Promise<void> }[]) =>
    new Listr<unknown, 'default', 'simple'>(
      tasks.map(({ title, lines = 1, task }) => ({
        title,
        task: (_: unknown, wrapper: Task) => task(wrapper),
        rendererOptions: { outputBar: lines }
      })),
      {
        registerSignalListeners: false,
        renderer: 'default',
        fallbackRenderer: 'simple',
        fallbackRendererCondition: !live,
        rendererOptions: { collapseErrors: false, showErrorMessage: false }
      }
    ).run()

  return {
    show: event => {
      if (event.type === 'warning') process.stderr.write(`warning: ${event.message}\n`)
      else handle(event)
    },
    async begin(work) {
      const begun: Execution[] = []
      const task = async (wrapper: Task) => {
        handle = throttled(live, event => {
          if (event.type === 'download') wrapper.output = downloadLine(event)
        })
        begun.push(await work())
      }
      await list([{ title: `model  ${nameOfModel(experiment.model)}`, task }])
      return begun[0]
    },
    async stages({ plan, run }) {
      await list(
        plan.stages.map(one => {
          const title = `${one.stage.name}  ${summary(one.stage)}`
          return {
            title,
            lines: one.stage.kind === 'distill' ? ITERATIONS_SHOWN : 1,
            task: async wrapper => {
              handle = stageHandler(live, one.stage.name, title, wrapper)
              await run(one)
            }
          }
        })
      )
    }
  }
}

function stageHandler(live: boolean, stage: string, title: string, wrapper: Task): (event: RunEvent) => void {
  const progress = progressLine()
  return throttled(live, event => {
    // An earlier stage is computed again within this one's task where a file of it is damaged.
    const isOwn = !('stage' in event) || event.stage === stage
    if (!isOwn && event.type !== 'progress' && event.type !== 'waiting') return
    switch (event.type) {
      case 'cached':
        wrapper.title = `${title}  (in the store)`
        break
      case 'waiting':
        wrapper.output = 'another process is computing it; waiting'
        break
      case 'progress':
        wrapper.output = progress(event)
        break
      case 'finished':
        wrapper.title = `${title}  ${duration(event.seconds)}`
        break
      case 'started':
      case 'download':
      case 'warning':
        break
    }
  })
}

/** Lets through what is news: everything on a live screen, else iterations and now and then a sign of life. */
function throttled(live: boolean, handle: (event: RunEvent) => void): (event: RunEvent) => void {
  let last = performance.now()
  return event => {
    const frequent = event.type === 'download' || (event.type === 'progress' && event.unit !== 'iterations')
    if (!live && frequent) {
      if (performance.now() - last < QUIET * 1000) return
      last = performance.now()
    }
    handle(event)
  }
}
