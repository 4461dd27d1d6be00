import { chosenRuns, runProperty, stateOf, type RunProperty } from '../store/run-properties.js'
import { openStore, type RunOverview } from '../store/store.js'
import { ago, bytesInWords } from '../words.js'
import { inColumns } from './columns.js'
import type { Flags } from './flags.js'
import { print, printJson } from './output.js'

export interface ListFlags extends Flags {
  readonly where?: readonly string[]
  readonly sort?: string
}

/** A property of a run as a column, and how people read it where that is not its value. */
interface RunColumn {
  readonly name: RunProperty
  readonly shown?: (overview: RunOverview) => unknown
}

const COLUMNS: readonly RunColumn[] = [
  { name: 'run' },
  { name: 'state' },
  { name: 'stages', shown: ({ stages, finished }) => `${finished}/${stages}` },
  { name: 'size', shown: ({ bytes }) => bytesInWords(bytes) },
  { name: 'age', shown: ({ run }) => ago(run.updated) },
  { name: 'set' },
  { name: 'tags' },
  { name: 'note' },
  { name: 'description' }
]

/** Lists the runs of a store, the newest first unless asked otherwise. */
export function list({ store: dir, json, where = [], sort }: ListFlags): void {
  const store = openStore(dir)
  try {
    const found = chosenRuns(store.overviews(), where, sort)
    if (json)
      printJson(
        found.map(({ run, bytes }) => ({ ...run, state: stateOf(run), bytes, stages: store.runStages(run.id) }))
      )
    else print(asTable(found))
  } finally {
    store.close()
  }
}

function asTable(overviews: readonly RunOverview[]): string {
  return inColumns(
    COLUMNS.map(({ name }) => name),
    overviews.map(overview => COLUMNS.map(({ name, shown }) => (shown ? shown(overview) : runProperty(overview, name))))
  )
}
