import { table } from '../../charts/figure.js'
import { html } from '../../html/html.js'
import { filesIn } from '../../pipeline/given-files.js'
import { at } from '../../reading/plain.js'
import { formatSeeds, Seeds } from '../../reading/seeds.js'
import type { StageBase } from '../../stages/kind.js'
import { shortNames, type ReportRun } from '../data.js'
import { moment } from '../durations.js'
import { textIn } from '../standings.js'
import type { Section } from '../section.js'

/** With what the runs were computed: what has to be the same for the same bits, and what they ran on. */
export const provenance: Section = {
  id: 'provenance',
  title: 'Provenance',
  render({ runs }) {
    const facts = runs.map(factsOf)
    const names = [...new Set(facts.flatMap(found => [...found.keys()]))]
    const rows = names.map(name => [name, ...facts.map(found => found.get(name) ?? '')])
    const different = rows.filter(([, first, ...others]) => others.some(value => value !== first))
    const shown = runs.length > 1 ? different : rows
    const left = rows.length - shown.length
    return html`<div class="facts">
        ${table({
          titles: ['what', ...(runs.length > 1 ? shortNames(runs) : ['value'])],
          rows: shown
        })}
      </div>
      ${left > 0 && html`<p>The runs have ${left} facts in common, such as ${names.find(name => !shown.some(([other]) => other === name))}.</p>`}`
  }
}

type Facts = ReadonlyMap<string, string>

function factsOf(run: ReportRun): Facts {
  const { run: row, stages, resolved } = run
  const known = stages.flatMap(({ stage }) => (stage ? [stage.provenance] : []))
  const each = (...path: readonly string[]) =>
    [...new Set(known.flatMap(value => shownValue(at(value, path)) ?? []))].join(', ')
  const versions = [...new Set(known.flatMap(value => Object.keys(asObject(at(value, ['versions'])))))]
  const files = new Map(
    known
      .flatMap(filesIn)
      .map(({ location, digest, bytes }) => [location, `${digest} (${bytes.toLocaleString('en-US')} bytes)`])
  )
  const seeds = [...resolved.values()].flatMap(stage => seedsOf(stage) ?? [])
  return new Map(
    [
      ['run', row.id],
      ['state', row.error === null ? row.status : `${row.status}: ${row.error}`],
      ['description', row.description],
      ['begun', moment(row.created)],
      ['finished', moment(row.finished)],
      ...versions.map(name => [`version of ${name}`, each('versions', name)] as const),
      ...MACHINE.map(([title, key]) => [title, each('machine', key)] as const),
      ['model', each('model', 'checkpoint')],
      ['digest of the model', each('model', 'digest')],
      ['engine', each('model', 'engine')],
      ['shape of an image', each('model', 'shape')],
      ...[...files].map(([location, said]) => [`SHA-256 of ${location}`, said] as const),
      ...bySeeds(seeds)
    ].flatMap(([name, value]) => (value === '' ? [] : [[name, value] as const]))
  )
}

const MACHINE = [
  ['machine', 'host'],
  ['platform', 'platform'],
  ['processor', 'cpu'],
  ['cores', 'cores'],
  ['bytes of memory', 'memory']
] as const

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}

function shownValue(value: unknown): string | undefined {
  if (typeof value === 'number') return value.toLocaleString('en-US')
  if (Array.isArray(value)) return value.map(String).join(' × ')
  return textIn(value)
}

interface Seeded {
  readonly name: string
  readonly seeds: string
}

function seedsOf(stage: StageBase): Seeded | undefined {
  const seeds: unknown = 'seeds' in stage ? stage.seeds : undefined
  return seeds instanceof Seeds ? { name: stage.name, seeds: formatSeeds(seeds) } : undefined
}

/** The stages of each list of seeds; of many stages with the same seeds their number alone. */
function bySeeds(all: readonly Seeded[]): (readonly [string, string])[] {
  return [...new Set(all.map(({ seeds }) => seeds))].map(seeds => {
    const names = all.filter(one => one.seeds === seeds).map(({ name }) => name)
    return [
      `seeds ${seeds}`,
      names.length > 6 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more stages` : names.join(', ')
    ]
  })
}
