import { table, type TableCell } from '../../charts/figure.js'
import { html, type Content, type Html } from '../../html/html.js'
import { compareRuns, type ComparedRuns, type Difference } from '../../pipeline/compare-runs.js'
import { section, shown } from '../layout.js'
import { ofRun, ofRuns } from '../links.js'
import type { Page } from '../page.js'
import { ALL_RUNS, since, state } from '../parts.js'

/** Two or more runs: what differs in their specs, and whether their results do by more than the spread over seeds. */
export const compare: Page = {
  path: '/compare',
  async respond({ query, store, signal }) {
    const names = query.getAll('run')
    if (names.length < 2) return shown(tooFew(names), 400)
    const found = await compareRuns(store(), names, { signal })
    const ids = [...new Set(found.runs.map(({ id }) => id))]
    return shown({
      title: `${found.runs.length} ${ids.length === 1 ? 'samples' : 'runs'} compared`,
      above: [ALL_RUNS],
      subtitle: html`<p><a href="${ofRuns('report', ids)}">The report of these runs</a></p>`,
      content: html`${section('runs', 'Runs', runsOf(found))}${ids.length > 1 && section('specs', 'Specs', specs(found))}
      ${section('results', 'Results', results(found))}`
    })
  }
}

function tooFew(names: readonly string[]) {
  const few = names.length === 0 ? 'None is chosen.' : 'Only one is chosen.'
  return {
    title: 'Compare runs',
    above: [ALL_RUNS],
    content: html`<p>${few} Choose two runs or more <a href="${ofRuns('', names)}">in the list</a>.</p>`
  }
}

function runsOf({ runs, alone }: ComparedRuns): Html {
  return table({
    titles: ['run', 'state', 'changed', 'samples that no other has'],
    rows: [...new Map(runs.map((run, i) => [run.id, { run, i }])).values()].map(({ run, i }) => [
      html`<a href="${ofRun(run.id)}">${run.id}</a>`,
      ...[state(run), since(run.updated), alone[i].join(', ')]
    ])
  })
}

function specs({ runs, spec, shared }: ComparedRuns): Content {
  const rows = spec.map(({ path, values }) => [path, ...values.map(inWords)])
  return html`${
      spec.length > 0
        ? table({ titles: ['in the spec', ...runs.map(({ id }) => id)], rows })
        : html`<p>The specs are the same; other files, models or versions made the stages differ.</p>`
    }
    <p>${shared.length > 0 ? `Shared stages: ${shared.join(', ')}.` : 'No stage is shared.'}</p>`
}

function inWords(value: unknown): string {
  if (value === undefined) return '-'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What values stand under: the ids of runs; their samples where one run has several of them. */
function titlesOf({ runs, results: [first] }: ComparedRuns): string[] {
  const isOne = new Set(runs.map(({ id }) => id)).size < runs.length
  return runs.map(({ id }, i) => (isOne ? `${id}/${first.samples[i] ?? ''}` : id))
}

function results(found: ComparedRuns): Html {
  const titles = titlesOf(found)
  const several = new Set(found.results.map(({ score }) => score)).size > 1
  const rows = found.results.flatMap(({ samples, score, metric, values, differences }) =>
    titles.flatMap((title, i): TableCell[][] => {
      const value = values[i]
      if (value === undefined) return []
      const own = [samples[i], ...(several ? [score] : []), metric, title, value]
      return [[...own, ...differenceCells(i === 0 ? undefined : differences[i - 1])]]
    })
  )
  return html`${table({
    titles: ['samples', ...(several ? ['score'] : []), 'metric', 'run', 'value', ...DIFFERENCE],
    rows,
    caption: 'Differences are to the first run.'
  })}${spread(found)}`
}

const DIFFERENCE = ['difference', 'ratio', 'by seed', 'more than the spread']

function differenceCells(found: Difference | undefined): TableCell[] {
  if (!found) return [null, null, '', '']
  const { difference, ratio, paired } = found
  if (!paired) return [difference, ratio, '', 'not known']
  const { mean, standardError, isMoreThanSpread } = paired
  const seeds = `${Number(mean.toPrecision(4))} ±${Number(standardError.toPrecision(2))}`
  return [
    difference,
    ratio,
    seeds,
    html`<b class="${isMoreThanSpread ? 'yes' : 'no'}">${isMoreThanSpread ? 'yes' : 'no'}</b>`
  ]
}

/** What the last two columns say. */
function spread({ results: all }: ComparedRuns): Content {
  const paired = all.flatMap(({ differences }) => differences.flatMap(each => each?.paired ?? []))
  const isUnknown = all.some(({ differences }) => differences.some(each => each && !each.paired))
  const seeds = [...new Set(paired.map(each => each.seeds))].join(' or ')
  return html`${
    paired.length > 0 &&
    html`<p class="soft">
      By seed: the mean difference over the ${seeds} seeds that both have, ± its standard error. It is more than the
      spread where it is further from 0 than twice that.
    </p>`
  }${
    isUnknown &&
    html`<p class="soft">
      Not known: the metric does not measure sample by sample, or no two seeds with one reference are shared.
    </p>`
  }`
}
