import {
  checkProperties,
  conditionsOf,
  meets,
  sortedBy,
  type Properties,
  type PropertyValue
} from '../store/conditions.js'
import { openStore, type Run, type RunOverview } from '../store/store.js'
import { inColumns } from './columns.js'
import type { Flags } from './flags.js'
import { print, printJson } from './output.js'
import { ago, bytesInWords, stateOf } from './words.js'

export interface ListFlags extends Flags {
  readonly where?: readonly string[]
  readonly sort?: string
}

/** What is known of a run in a list: by what runs are chosen and sorted, and how it is shown. */
interface RunColumn {
  readonly name: string
  readonly value: (overview: RunOverview) => PropertyValue
  /** As people read it; by default its value. Without a title it is only chosen and sorted by. */
  readonly shown?: (overview: RunOverview) => unknown
  readonly hidden?: true
}

const COLUMNS: readonly RunColumn[] = [
  { name: 'run', value: ({ run }) => run.id },
  { name: 'name', value: ({ run }) => run.name, hidden: true },
  { name: 'state', value: ({ run }) => stateOf(run) },
  {
    name: 'stages',
    value: ({ stages }) => stages,
    shown: ({ stages, finished }) => `${finished}/${stages}`
  },
  { name: 'finished', value: ({ finished }) => finished, hidden: true },
  { name: 'size', value: ({ bytes }) => bytes, shown: ({ bytes }) => bytesInWords(bytes) },
  { name: 'age', value: ({ run }) => secondsSince(run.updated), shown: ({ run }) => ago(run.updated) },
  { name: 'created', value: ({ run }) => run.created, hidden: true },
  { name: 'updated', value: ({ run }) => run.updated, hidden: true },
  { name: 'set', value: ({ run }) => run.overrides.join(' ') },
  { name: 'tags', value: ({ run }) => run.tags.join(' ') },
  { name: 'note', value: ({ run }) => run.note },
  { name: 'description', value: ({ run }) => run.description }
]

/** Lists the runs of a store, the newest first unless asked otherwise. */
export function list({ store: dir, json, where = [], sort }: ListFlags): void {
  const store = openStore(dir)
  try {
    const found = chosen(store.overviews(), where, sort)
    if (json)
      printJson(
        found.map(({ run, bytes }) => ({ ...run, state: stateOf(run), bytes, stages: store.runStages(run.id) }))
      )
    else print(asTable(found))
  } finally {
    store.close()
  }
}

function chosen(all: readonly RunOverview[], where: readonly string[], sort: string | undefined): RunOverview[] {
  const conditions = conditionsOf(where)
  checkProperties(
    conditions,
    COLUMNS.map(({ name }) => name),
    'runs'
  )
  const found = all.filter(overview => meets(propertiesOf(overview), conditions))
  return sort === undefined ? found : sortedBy(found, sort, propertiesOf, 'runs')
}

function propertiesOf(overview: RunOverview): Properties {
  return new Map(COLUMNS.map(({ name, value }) => [name, value(overview)]))
}

function asTable(overviews: readonly RunOverview[]): string {
  const columns = COLUMNS.filter(({ hidden }) => !hidden)
  return inColumns(
    columns.map(({ name }) => name),
    overviews.map(overview => columns.map(({ value, shown = value }) => shown(overview)))
  )
}

function secondsSince(time: Run['updated']): number {
  return Math.max(0, (Date.now() - Date.parse(time)) / 1000)
}
