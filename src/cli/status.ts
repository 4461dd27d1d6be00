import { EpdError } from '../errors.js'
import { openStore, type Store } from '../store/store.js'
import { statusOf, type StageStatus } from '../work/status.js'
import { inColumns } from './columns.js'
import type { Flags } from './flags.js'
import { print, printJson } from './output.js'
import { printable } from './printable.js'

/** Prints how far each stage of a run is, and who is at it. */
export async function status(name: string | undefined, { store: dir, json }: Flags): Promise<void> {
  const store = openStore(dir)
  try {
    const run = name === undefined ? newest(store) : store.run(name)
    const stages = await statusOf(store, run)
    if (json) printJson({ run: run.id, status: run.status, stages })
    else print([`${run.id}  ${run.status}`, '', table(stages), ...stages.flatMap(lossLines)].join('\n'))
  } finally {
    store.close()
  }
}

function newest(store: Store) {
  const run = store.runs().at(0)
  if (!run) throw new EpdError('not-found', `${store.root}: there is no run in this store`)
  return run
}

function table(stages: readonly StageStatus[]): string {
  return inColumns(
    ['stage', 'status', 'shards', 'running', 'waiting', 'lost', 'by', 'where'],
    stages.map(({ name, status: how, done, total, workers, lost, executor, hosts }) => [
      ...[name, how, done === undefined ? null : `${done}/${total ?? '?'}`],
      ...[workers.running, workers.waiting, lost].map(count => (count === 0 ? null : count)),
      ...[executor ?? null, hosts.length === 0 ? null : hosts.join(', ')]
    ])
  )
}

/** What the worker has said that was lost last. */
function lossLines({ name, log, said }: StageStatus): string[] {
  if (log === undefined) return []
  const ending = said === undefined ? ', which is empty' : ', which ends with:'
  return [
    '',
    printable(`${name}: the log of the last worker that was lost is ${log}${ending}`),
    ...(said === undefined ? [] : [said])
  ]
}
