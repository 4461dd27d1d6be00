import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { EpdError, messageOf } from '../errors.js'
import { fileSystemOf } from '../files/file-system.js'
import { imagesFolder } from '../pipeline/images.js'
import { predictorsIn } from '../pipeline/predictors.js'
import { carryOut } from '../pipeline/carry-out.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import type { Plan } from '../pipeline/plan.js'
import { readExperiment } from '../experiment/load.js'
import { createStore, openStore, type WritableStore } from '../store/store.js'
import { isLeft } from '../work/collect.js'
import { distributed } from '../work/distribution.js'
import { noteExecution, notedExecution } from '../work/noted-execution.js'
import { openDisplay } from './display.js'
import { executionFrom } from './execution.js'
import { onInterrupt } from './interrupt.js'
import { load } from './load.js'
import type { Flags, ResumeFlags, RunFlags } from './flags.js'
import { foundRun, tellTaken } from './found-run.js'
import { gains } from './gains.js'
import { resultLines } from './result-table.js'
import { print, printJson, tell, warn } from './output.js'
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

export async function resume(name: string | undefined, options: ResumeFlags): Promise<void> {
  const { id, spec, file, overrides, allowMismatch } = unfinished(name, options.store)
  const predictors = predictorsIn(options.store, tellTaken)
  const experiment = await readExperiment({ file, text: spec, set: overrides, predictors, allowMismatch })
  const execution = (await notedExecution(resolve(options.store), id)) ?? experiment.execution
  await execute({ ...experiment, execution }, options)
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

async function execute(experiment: AnyExperiment, options: ResumeFlags): Promise<void> {
  const where = executionFrom(experiment.execution, options)
  const store = createStore(options.store)
  tellOfFileSystem(store.root)
  let runId: string | undefined
  const interrupt = onInterrupt(() => wayOn(store, runId, options))
  try {
    const { show, begin, stages } = await openDisplay(experiment, options)
    const { signal } = interrupt
    const how = distributed(where, { ...options, experiment, root: store.root, signal, onEvent: show })
    const plan = await carryOut(
      { experiment, store, signal, onEvent: show, elsewhere: how.elsewhere },
      {
        async begin(work) {
          const execution = await begin(work)
          runId = execution.plan.runId
          await noteExecution(store.root, runId, where)
          return execution
        },
        stages
      },
      how.order
    )
    await noteExecution(store.root, plan.runId, undefined)
    report(store, plan, options)
  } catch (error) {
    if (isLeft(error)) {
      leave(store, runId, options, error)
      return
    }
    const isLost = error instanceof EpdError && error.code === 'store-lost'
    throw interrupt.signal.aborted && !isLost ? new EpdError('interrupted', wayOn(store, runId, options)) : error
  } finally {
    interrupt.release()
    store.close()
  }
}

function leave(store: WritableStore, runId: string | undefined, { json, store: dir }: Flags, error: EpdError): void {
  if (json) printJson({ type: 'left', run: runId, message: error.message })
  else {
    const elsewhere = dir === 'runs' ? '' : ` --store ${dir}`
    print(`Workers go on alone. epd-run status ${runId ?? ''}${elsewhere} shows how far they are.`)
    print(`Collect what they leave with: epd-run resume ${runId ?? ''}${elsewhere}`)
  }
  store.check()
}

/** Says what is different where other machines see the store, and what may go wrong. */
function tellOfFileSystem(root: string): void {
  const { name, isShared, warning } = fileSystemOf(root)
  if (warning !== undefined) warn(`${root} is on ${name}: ${warning}`)
  else if (isShared)
    tell(`${root} is on ${name}: one process at a time writes into the database, without a log beside it`)
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

function report(store: WritableStore, { runId, stages }: Plan, { json, store: dir }: Flags): void {
  if (json) {
    printJson({ type: 'done', run: runId })
    return
  }
  const elsewhere = dir === 'runs' ? '' : ` --store ${dir}`
  const folder = imagesFolder(store.root, runId)
  const all = stages.map(({ stage }) => stage)
  const told = gains(store.results(runId), all)
  const lines = [
    ...resultLines(store, runId),
    ...(told.length > 0 ? ['', ...told.flatMap(sentence => wrapped(printable(sentence), lineWidth(), '  '))] : []),
    '',
    ...(existsSync(folder) ? [printable(`images   ${folder}`)] : []),
    printable(`details  epd-run show ${runId}${elsewhere}`)
  ]
  print(lines.join('\n'))
}
