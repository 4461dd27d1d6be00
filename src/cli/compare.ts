import { compareRuns, type ComparedRuns, type ComparedSamples, type Difference } from '../pipeline/compare-runs.js'
import { stateOf } from '../store/run-properties.js'
import { openStore } from '../store/store.js'
import { ago } from '../words.js'
import { foundRun } from './found-run.js'
import { format, inColumns, paragraph } from './columns.js'
import type { Flags } from './flags.js'
import { print, printJson } from './output.js'

/** Prints what differs between runs, and whether their results do by more than the spread over seeds. */
export async function compare(names: readonly string[], { store: dir, json }: Flags): Promise<void> {
  const store = openStore(dir)
  try {
    for (const name of new Set(names.map(runIn))) foundRun(store, name)
    const found = await compareRuns(store, names)
    if (json) printJson({ ...found, runs: found.runs.map(({ id }) => id) })
    else print(page(found))
  } finally {
    store.close()
  }
}

/** The run of RUN or RUN/SAMPLES. */
function runIn(name: string): string {
  return name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : name
}

function page(found: ComparedRuns): string {
  const { runs, alone } = found
  const lone = runs.flatMap(({ id }, i) =>
    alone[i].length > 0 ? [paragraph(`only in ${id}: ${alone[i].join(', ')}`)] : []
  )
  return [
    ...new Set(runs.map(run => paragraph(`${run.id}  ${stateOf(run)}, updated ${ago(run.updated)}`))),
    ...specLines(found),
    '',
    resultTable(found),
    ...(lone.length > 0 ? ['', ...lone] : []),
    ...spreadLines(found)
  ].join('\n')
}

/** How the specs differ, and which stages are shared all the same; nothing where samples of one run are compared. */
function specLines({ runs, spec, shared }: ComparedRuns): string[] {
  if (new Set(runs.map(({ id }) => id)).size === 1) return []
  const rows = spec.map(({ path, values }) => [path, ...values.map(valueInWords)])
  const titles = runs.map(({ id }) => id)
  return [
    '',
    spec.length > 0
      ? inColumns(['in the spec', ...titles], rows)
      : 'the specs are the same; other files, models or versions made the stages differ',
    '',
    paragraph(shared.length > 0 ? `shared stages: ${shared.join(', ')}` : 'no stage is shared')
  ]
}

function valueInWords(value: unknown): string {
  if (value === undefined) return '-'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What values stand under: the ids of runs; their samples where these have several names in one run. */
function titlesOf({ runs, results }: ComparedRuns): string[] {
  const names = results[0].samples
  const isOne = new Set(runs.map(({ id }) => id)).size < runs.length
  return runs.map(({ id }, i) => (isOne ? `${id}/${names[i] ?? ''}` : id))
}

/** Two runs side by side; of more, a row for each. */
function resultTable(found: ComparedRuns): string {
  const { runs, results } = found
  const score = new Set(results.map(each => each.score)).size > 1 ? ['score'] : []
  const scoreOf = (each: ComparedSamples) => (score.length > 0 ? [each.score] : [])
  const titles = titlesOf(found)
  if (runs.length === 2) {
    const rows = results.map(each => [
      ...[samplesOf(each), ...scoreOf(each), each.metric, ...each.values.map(value => value ?? null)],
      ...differenceCells(each.differences[0])
    ])
    return inColumns(['samples', ...score, 'metric', ...titles, ...DIFFERENCE], rows)
  }
  const rows = results.flatMap(each =>
    titles.flatMap((title, i) => {
      const value = each.values[i]
      if (value === undefined) return []
      const own = [each.samples[i], ...scoreOf(each), each.metric, title, value]
      return [[...own, ...differenceCells(i === 0 ? undefined : each.differences[i - 1])]]
    })
  )
  return inColumns(['samples', ...score, 'metric', 'run', 'value', ...DIFFERENCE], rows)
}

function samplesOf({ samples }: ComparedSamples): string {
  return [...new Set(samples.flatMap(name => name ?? []))].join(' and ')
}

const DIFFERENCE = ['difference', 'ratio', 'by seed', 'more than the spread']

function differenceCells(found: Difference | undefined): unknown[] {
  if (!found) return [null, null, null, null]
  const { difference, ratio, paired } = found
  if (!paired) return [difference, ratio, null, 'not known']
  const { mean, standardError, isMoreThanSpread } = paired
  return [
    difference,
    ratio,
    `${format(mean)} ±${Number(standardError.toPrecision(2))}`,
    isMoreThanSpread ? 'yes' : 'no'
  ]
}

/** What the last two columns say. */
function spreadLines({ results }: ComparedRuns): string[] {
  const paired = results.flatMap(({ differences }) => differences.flatMap(each => each?.paired ?? []))
  const unknown = results.some(({ differences }) => differences.some(each => each && !each.paired))
  const seeds = [...new Set(paired.map(each => each.seeds))].join(' or ')
  const known =
    `by seed: the mean difference over ${seeds} seeds that both have, ±its standard error; ` +
    'more than the spread: it is further from 0 than twice that'
  const lines = [
    ...(paired.length > 0 ? [known] : []),
    ...(unknown
      ? ['not known: the metric does not measure sample by sample, or no two seeds with one reference are shared']
      : [])
  ]
  return lines.length > 0 ? ['', ...lines.map(paragraph)] : []
}
