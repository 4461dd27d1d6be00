import { absentCopies, findCopies, type Absent } from '../pipeline/assets.js'
import { opened } from '../pipeline/execute.js'
import type { RunEvent } from '../pipeline/event.js'
import { checkFit } from '../pipeline/fit.js'
import { plan } from '../pipeline/plan.js'
import type { AnyExperiment } from '../experiment/experiment.js'
import { solversWith } from '../experiment/plugins.js'
import { STAGE_KINDS } from '../stages/registry.js'
import { createStore } from '../store/store.js'
import type { Flags } from './main.js'
import { absentLines } from './reads.js'
import { inColumns } from './columns.js'

/** How long servers may take to say how large their files are, in milliseconds. */
const PATIENCE = 20_000

/** Prints what a run would do. Nothing is computed or downloaded. */
export async function dryRun(experiment: AnyExperiment, { store: dir, json }: Flags): Promise<void> {
  warn(experiment.warnings)
  const store = createStore(dir)
  try {
    const copies = await findCopies(experiment, store.root)
    const absent = await absentCopies(experiment, copies, store.root, AbortSignal.timeout(PATIENCE))
    if (absent.length > 0) {
      print(experiment, json, () => 'not known yet', 1, absent)
      process.stderr.write(`${absentLines(absent).join('\n')}\n`)
      return
    }
    const { signal } = new AbortController()
    const all = await opened({ experiment, store, signal, onEvent: warning })
    warn(all.experiment.warnings.slice(experiment.warnings.length))
    warn(checkFit(all.experiment, all.model))
    await all.model.close()
    const { keyOf } = plan(all)
    print(
      all.experiment,
      json,
      name => {
        const key = keyOf(name)
        if (store.isComplete(key)) return 'in the store'
        const shards = store.shards(key).length
        const iterations = store.iterations(key).length
        if (shards > 0) return `goes on after shard ${shards}`
        return iterations > 0 ? `goes on after iteration ${iterations}` : 'would run'
      },
      all.model.nfeFactor
    )
  } finally {
    store.close()
  }
}

function warning(event: RunEvent): void {
  if (event.type === 'warning') warn([event.message])
}

function warn(messages: readonly string[]): void {
  process.stderr.write(messages.map(message => `warning: ${message}\n`).join(''))
}

function print(
  experiment: AnyExperiment,
  json: boolean | undefined,
  state: (name: string) => string,
  nfeFactor = 1,
  downloads: readonly Absent[] = []
): void {
  const solvers = solversWith(experiment.plugins)
  const find = (name: string) => experiment.stages.find(other => other.name === name)
  const stages = experiment.stages.map(stage => {
    const kind = STAGE_KINDS.of(stage)
    const { evaluations, atMost } = kind.cost(stage, { find, solvers })
    return {
      stage: stage.name,
      kind: stage.kind,
      what: kind.summary(stage),
      state: state(stage.name),
      evaluations: evaluations * nfeFactor,
      atMost
    }
  })
  if (json) {
    process.stdout.write(`${JSON.stringify({ experiment: experiment.name, stages, downloads })}\n`)
    return
  }
  const rows = stages.map(({ stage, kind, state, evaluations, atMost, what }) => [
    ...[stage, kind, state],
    `${atMost ? 'at most ' : ''}${evaluations.toLocaleString('en')}`.padStart(14),
    what
  ])
  process.stdout.write(`${inColumns(['stage', 'kind', 'state', 'evaluations'.padStart(14), 'what'], rows)}\n`)
}
