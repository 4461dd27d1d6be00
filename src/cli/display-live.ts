import { Listr, type DefaultRenderer, type ListrTaskWrapper } from 'listr2'
import { EpdError } from '../errors.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import type { RunEvent } from '../pipeline/event.js'
import type { Execution } from '../pipeline/execute.js'
import { nameOfModel } from '../pipeline/model.js'
import type { View } from '../pipeline/live-view.js'
import { duration } from '../words.js'
import type { Display } from './display.js'
import { inPlace } from './in-place.js'
import { warn } from './output.js'
import { printable } from './printable.js'
import { digestLine, downloadLine } from './progress.js'
import { screenOf } from './screen.js'

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof DefaultRenderer>

/** Milliseconds between two looks at where the run is. */
const APART = 200

/** A task for the model, and a screen for the stages, of which there may be more than the terminal has lines. */
export function open(experiment: AnyExperiment): Display {
  let handle: (event: RunEvent) => void = () => undefined
  const screen = inPlace()
  return {
    show: event => {
      if (event.type === 'warning')
        screen.above(() => {
          warn(event.message)
        })
      else handle(event)
    },
    async begin(work) {
      const begun: Execution[] = []
      const task = async (_: unknown, wrapper: Task) => {
        handle = event => {
          if (event.type === 'download') wrapper.output = printable(downloadLine(event))
          if (event.type === 'downloaded') wrapper.output = printable(digestLine(event))
        }
        begun.push(await work())
      }
      await listOf(printable(`model  ${nameOfModel(experiment.model)}`), task).run()
      return begun[0]
    },
    async stages({ plan, run, live }, order) {
      handle = () => undefined
      const begun = performance.now()
      const draw = (changed: Partial<View> = {}) => {
        screen.draw(size => screenOf({ ...live(), ...changed }, size))
      }
      const timer = setInterval(draw, APART)
      try {
        await order(plan, run)
        draw({ ended: duration((performance.now() - begun) / 1000) })
      } catch (error) {
        draw(endedBy(error))
        throw error
      } finally {
        clearInterval(timer)
      }
    }
  }
}

/** What a run shows once it goes on no more. */
function endedBy(error: unknown): Partial<View> {
  const isStopped = error instanceof EpdError && error.code === 'interrupted'
  return isStopped ? { ended: 'stopped', mark: 'stopped' } : { ended: 'failed', mark: 'failed' }
}

function listOf(title: string, task: (context: unknown, wrapper: Task) => Promise<void>) {
  return new Listr<unknown, 'default', 'default'>([{ title, task, rendererOptions: { outputBar: 1 } }], {
    registerSignalListeners: false,
    renderer: 'default',
    fallbackRenderer: 'default',
    rendererOptions: { collapseErrors: false, showErrorMessage: false }
  })
}
