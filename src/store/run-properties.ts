import { checkProperties, conditionsOf, meets, sortedBy, type Properties, type PropertyValue } from './conditions.js'
import type { Run, RunOverview } from './records.js'

/** How a run stands, in a word: one that was interrupted or killed is stopped, and can be resumed. */
export function stateOf({ status }: Pick<Run, 'status'>): string {
  return status === 'interrupted' ? 'stopped' : status
}

/** What runs are chosen and sorted by: `age` in seconds since the last change, `size` in bytes. */
const PROPERTIES = {
  run: ({ run }) => run.id,
  name: ({ run }) => run.name,
  state: ({ run }) => stateOf(run),
  stages: ({ stages }) => stages,
  finished: ({ finished }) => finished,
  size: ({ bytes }) => bytes,
  age: ({ run }) => Math.max(0, (Date.now() - Date.parse(run.updated)) / 1000),
  created: ({ run }) => run.created,
  updated: ({ run }) => run.updated,
  set: ({ run }) => run.overrides.join(' '),
  tags: ({ run }) => run.tags.join(' '),
  note: ({ run }) => run.note,
  description: ({ run }) => run.description
} as const satisfies Readonly<Record<string, (overview: RunOverview) => PropertyValue>>

/** The name of what runs are chosen and sorted by. */
export type RunProperty = keyof typeof PROPERTIES

/** The properties that are counted over a run's stages and files. */
export const COUNTED: ReadonlySet<string> = new Set<RunProperty>(['stages', 'finished', 'size'])

/** A property of a run. */
export function runProperty(overview: RunOverview, name: RunProperty): PropertyValue {
  return PROPERTIES[name](overview)
}

/**
 * The runs that meet all conditions, as `conditionsOf` reads them, in the order of `sort`; by default as they come.
 * @throws EpdError `usage` where a condition is none, or on a property that runs do not have
 */
export function chosenRuns(all: readonly RunOverview[], where: readonly string[], sort?: string): RunOverview[] {
  const conditions = conditionsOf(where)
  checkProperties(conditions, Object.keys(PROPERTIES), 'runs')
  const found = all.filter(overview => meets(propertiesOf(overview), conditions))
  return sort === undefined ? found : sortedBy(found, sort, propertiesOf, 'runs')
}

function propertiesOf(overview: RunOverview): Properties {
  return new Map(Object.entries(PROPERTIES).map(([name, value]) => [name, value(overview)]))
}
