import { graph } from '../../charts/graph.js'
import { html, type Html } from '../../html/html.js'
import { STAGE_KINDS } from '../../stages/registry.js'
import type { RunStage } from '../../store/store.js'
import { inputsOf, type ReportData, type ReportRun } from '../data.js'
import { duration } from '../durations.js'
import { groupsOf, isCached, secondsOf, type Group } from '../groups.js'
import type { Section } from '../section.js'

/** What was computed from what, with times, and what the store had already. */
export const stages: Section = {
  id: 'stages',
  title: 'Stages',
  render: data => html`<div class="charts one">${shown(data).map(run => drawn(data, run))}</div>`
}

/** Of several runs those stages that not all have the same results of. */
function shown({ runs }: ReportData): readonly ReportRun[] {
  if (runs.length === 1) return runs
  const everywhere = (key: string) => runs.every(run => run.stages.some(stage => stage.key === key))
  return runs.map(run => ({ ...run, stages: run.stages.filter(({ key }) => !everywhere(key)) }))
}

function drawn({ runs }: ReportData, run: ReportRun): Html {
  const { stages: all, run: row, unread } = run
  const cached = all.filter(stage => isCached(run, stage)).length
  const done = all.filter(({ stage }) => stage?.status === 'finished').length
  const few = [
    `${done} of ${all.length} stages are finished`,
    `${duration(secondsOf(all))} of work`,
    ...(cached > 0 ? [`${cached} were in the store before (light)`] : [])
  ].join(', ')
  if (all.length === 0) return html`<p><b>${row.id}</b> has no stage that the others do not have.</p>`
  const shared = runs.length > 1 ? ' Only what the runs do not have in common.' : ''
  const why =
    unread === undefined ? '' : ` What leads to what is not known, since the spec cannot be read here: ${unread}`
  return graph({
    caption: html`<b>${row.id}</b>: ${few}.${shared}${why}`,
    label: `Stages of ${row.id} from left to right: ${few}`,
    nodes: nodesOf(run),
    data: {
      titles: ['stage', 'kind', 'what', 'state', 'NFE', 'evaluations', 'seconds', 'key'],
      rows: all.map(stage => cells(run, stage))
    }
  })
}

function nodesOf(run: ReportRun) {
  const groups = groupsOf(run)
  const groupOf = new Map(groups.flatMap(({ name, stages: some }) => some.map(stage => [stage.name, name])))
  return groups.map(group => {
    const inputs = group.stages.flatMap(stage => inputsOf(run, stage.name).flatMap(name => groupOf.get(name) ?? []))
    return { ...node(run, group), from: [...new Set(inputs)].filter(name => name !== group.name) }
  })
}

function node(run: ReportRun, { name, stages: some }: Group) {
  const kinds = [...new Set(some.map(stage => kindOf(run, stage)))].join(', ')
  const cached = some.filter(stage => isCached(run, stage)).length
  const begun = some.filter(({ stage }) => stage !== null).length
  const finished = some.filter(({ stage }) => stage?.status === 'finished').length
  const state =
    finished === some.length
      ? duration(secondsOf(some))
      : begun === 0
        ? 'not begun'
        : `${finished} of ${some.length} done`
  return {
    id: name,
    name,
    note: `${kinds}${some.length > 1 ? ` ×${some.length}` : ''} · ${cached === some.length ? 'in the store' : state}`,
    light: cached === some.length || begun === 0
  }
}

function kindOf({ resolved }: ReportRun, { name, stage }: RunStage): string {
  return stage?.kind ?? resolved.get(name)?.kind ?? ''
}

function cells(run: ReportRun, one: RunStage) {
  const { name, key, stage } = one
  const spec = run.resolved.get(name)
  return [
    ...[name, kindOf(run, one), spec ? STAGE_KINDS.of(spec).summary(spec) : ''],
    isCached(run, one) ? 'in the store' : (stage?.status ?? 'not begun'),
    ...[stage?.nfe, stage?.evaluations, stage && Number(stage.seconds.toFixed(2)), key.slice(0, 12)]
  ]
}
