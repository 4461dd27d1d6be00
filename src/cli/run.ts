import { existsSync } from 'node:fs'
import { EpdError, messageOf } from '../errors.js'
import { imagesFolder } from '../pipeline/images.js'
import { predictorsIn } from '../pipeline/predictors.js'
import { carryOut } from '../pipeline/run-experiment.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import { solversWith } from '../experiment/plugins.js'
import type { Plan } from '../pipeline/plan.js'
import { readExperiment } from '../experiment/load.js'
import { createStore, openStore, type WritableStore } from '../store/store.js'
import { openDisplay } from './display.js'
import { onInterrupt } from './interrupt.js'
import { load } from './load.js'
import type { Flags, RunFlags } from './flags.js'
import { foundRun, tellTaken } from './found-run.js'
import { gains } from './gains.js'
import { resultLines } from './result-table.js'
import { print, printJson } from './output.js'
import { printable } from './printable.js'
import { lineWidth } from './terminal.js'
import { wrapped } from './width.js'

export async function run(file: string, options: RunFlags): Promise<void> {
  const experiment = await load(file, options)
  if (options.dryRun) {
    const { dryRun } = await import('./dry-run.js')
    await dryRun(experiment, options)
  } else await execute(experiment, options)
}

export async function resume(name: string | undefined, options: Flags): Promise<void> {
  const { spec, file, overrides, allowMismatch } = unfinished(name, options.store)
  const predictors = predictorsIn(options.store, tellTaken)
  const experiment = await readExperiment({ file, text: spec, set: overrides, predictors, allowMismatch })
  await execute(experiment, options)
}

function unfinished(name: string | undefined, dir: string) {
  const store = openStore(dir)
  try {
    if (name !== undefined) return foundRun(store, name)
    const found = store.runs().find(({ status }) => status !== 'finished')
    if (!found) throw new EpdError('not-found', `every run in ${store.root} is finished; name one to run it again`)
    return found
  } finally {
    store.close()
  }
}

async function execute(experiment: AnyExperiment, options: Flags): Promise<void> {
  const store = createStore(options.store)
  let runId: string | undefined
  const interrupt = onInterrupt(() => wayOn(store, runId, options))
  try {
    const { show, begin, stages } = await openDisplay(experiment, options)
    const plan = await carryOut(
      { experiment, store, signal: interrupt.signal, onEvent: show },
      {
        async begin(work) {
          const execution = await begin(work)
          runId = execution.plan.runId
          return execution
        },
        stages
      }
    )
    report(store, plan, experiment, options)
  } catch (error) {
    const isLost = error instanceof EpdError && error.code === 'store-lost'
    throw interrupt.signal.aborted && !isLost ? new EpdError('interrupted', wayOn(store, runId, options)) : error
  } finally {
    interrupt.release()
    store.close()
  }
}

function wayOn(store: WritableStore, runId: string | undefined, { store: dir }: Flags): string {
  try {
    store.check()
  } catch (error) {
    return `Interrupted; ${messageOf(error)}`
  }
  const elsewhere = dir === 'runs' ? '' : ` --store ${dir}`
  const command = runId ? `epd-run resume ${runId}${elsewhere}` : 'the same command'
  return `Interrupted; what is done is kept. Continue with: ${command}`
}

function report(
  store: WritableStore,
  { runId, stages }: Plan,
  { plugins }: AnyExperiment,
  { json, store: dir }: Flags
): void {
  if (json) {
    printJson({ type: 'done', run: runId })
    return
  }
  const elsewhere = dir === 'runs' ? '' : ` --store ${dir}`
  const folder = imagesFolder(store.root, runId)
  const told = gains(
    store.results(runId),
    stages.map(({ stage }) => stage),
    solversWith(plugins)
  )
  const lines = [
    ...resultLines(store, runId),
    ...(told.length > 0 ? ['', ...told.flatMap(sentence => wrapped(printable(sentence), lineWidth(), '  '))] : []),
    '',
    ...(existsSync(folder) ? [printable(`images   ${folder}`)] : []),
    printable(`details  epd-run show ${runId}${elsewhere}`)
  ]
  print(lines.join('\n'))
}
