import { existsSync } from 'node:fs'
import { shown } from '../downloads/receive-options.js'
import { METRICS } from '../metrics/registry.js'
import { filesIn, type GivenFile } from '../pipeline/given-files.js'
import { imagesFolder } from '../pipeline/images.js'
import { placeOf } from '../reading/location.js'
import { openStore, type ResultRow, type Run, type RunStage, type Store } from '../store/store.js'
import type { Flags } from './flags.js'
import { inColumns } from './columns.js'
import { meantRun } from './found-run.js'
import { print, printJson } from './output.js'
import { printable } from './printable.js'

export function list({ store: dir, json }: Flags): void {
  const store = openStore(dir)
  try {
    if (json) {
      printJson(store.runs().map(run => ({ ...run, stages: store.runStages(run.id) })))
      return
    }
    const rows = store
      .overviews()
      .map(({ run, stages, finished }) => [
        run.id,
        run.status,
        `${finished}/${stages}`,
        run.updated.slice(0, 16).replace('T', ' '),
        run.tags.join(' '),
        run.note === '' ? run.description : run.note
      ])
    print(inColumns(['run', 'status', 'stages', 'updated', 'tags', 'note or description'], rows))
  } finally {
    store.close()
  }
}

export function show(name: string, { store: dir, json }: Flags): void {
  const store = openStore(dir)
  try {
    const run = store.run(meantRun(store, name))
    const stages = store.runStages(run.id)
    if (json) printJson(described(store, run, stages))
    else print(page(store, run, stages))
  } finally {
    store.close()
  }
}

function described(store: Store, run: Run, stages: readonly RunStage[]): unknown {
  return {
    ...run,
    stages: stages.map(({ name, position, key, stage }) => ({
      ...stage,
      name,
      position,
      key,
      artifacts: store.artifacts(key).map(artifact => ({ ...artifact, path: store.artifactPath(artifact) })),
      metrics: store.metrics(key),
      predictor: store.predictor(key),
      iterations: store.iterations(key)
    })),
    results: store.results(run.id).map(flattened)
  }
}

/** A result in JSON: each metric by its name in camel case, and null where it was not scored. */
function flattened({ metrics, seconds, run, ...samples }: ResultRow): unknown {
  const values = metricsIn([metrics]).map(name => [camelCase(name), metrics[name] ?? null] as const)
  return { ...samples, key: undefined, ...Object.fromEntries(values), seconds, run }
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

/** The names of all metrics, and of any other that something was scored by. */
function metricsIn(scored: readonly ResultRow['metrics'][]): string[] {
  return [...new Set([...METRICS.map(({ name }) => name), ...scored.flatMap(values => Object.keys(values))])]
}

function page(store: Store, run: Run, stages: readonly RunStage[]): string {
  const rows = stages.map(({ name, key, stage }) => [
    name,
    stage?.kind ?? '',
    stage?.status ?? 'not begun',
    stage?.nfe ?? null,
    stage?.evaluations ?? null,
    stage ? Number(stage.seconds.toFixed(2)) : null,
    key.slice(0, 12)
  ])
  const learned = stages.flatMap(({ name, key }) => {
    const row = store.predictor(key)
    if (!row) return []
    const rms = (loss: number | null) => (loss === null ? null : Number(Math.sqrt(loss).toPrecision(4)))
    return [[name, rms(row.loss), rms(row.validationLoss), store.iterations(key).length, row.evaluations]]
  })
  const folder = imagesFolder(store.root, run.id)
  return [
    `${run.id}  ${run.status}${run.error === null ? '' : `: ${run.error}`}`,
    run.description,
    ...(run.tags.length > 0 ? [`tags ${run.tags.join(' ')}`] : []),
    ...(run.note === '' ? [] : [`note ${printable(run.note)}`]),
    printable(`spec ${run.file}${run.overrides.length > 0 ? ` with ${run.overrides.join(' ')}` : ''}`),
    '',
    inColumns(['stage', 'kind', 'status', 'nfe', 'evaluations', 'seconds', 'key'], rows),
    ...(learned.length > 0
      ? ['', inColumns(['distilled', 'rms loss', 'validation', 'iterations', 'evaluations'], learned)]
      : []),
    ...fileLines(stages),
    ...resultLines(store, run.id),
    ...(existsSync(folder) ? ['', printable(`images in ${folder}`)] : [])
  ].join('\n')
}

/** The files that stages were given, each content once, with the digests that their keys rest on. */
function fileLines(stages: readonly RunStage[]): string[] {
  const files = stages.flatMap(({ stage }) => filesIn(stage?.provenance))
  const distinct = [...new Map(files.map(file => [JSON.stringify(file), file])).values()]
  if (distinct.length === 0) return []
  const columns = [
    { title: 'sha256', of: ({ digest }: GivenFile) => digest },
    { title: 'bytes', of: ({ bytes }: GivenFile) => bytes },
    { title: 'file', of: ({ location }: GivenFile) => withoutPassword(location) },
    { title: 'commit', of: ({ commit }: GivenFile) => commit?.slice(0, 12) },
    { title: 'at', of: ({ location, path }: GivenFile) => (path === location ? undefined : path) }
  ].filter(({ of }) => distinct.some(file => of(file) !== undefined))
  const titles = columns.map(({ title }) => title)
  const rows = distinct.map(file => columns.map(({ of }) => of(file)))
  return ['', inColumns(titles, rows)]
}

function withoutPassword(location: string): string {
  const place = placeOf(location)
  return place.kind === 'address' ? shown(place.url) : location
}

/** The results table of a run, if it has scores or samples, and what is to be known about it. */
export function resultLines(store: Store, runId: string): string[] {
  const results = store.results(runId)
  if (results.length === 0) return []
  const several = new Set(results.flatMap(({ score }) => score ?? [])).size > 1
  const columns = [
    ...PROPERTIES.map(name => ({ name, values: results.map(row => row[name]) })),
    ...metricsIn(results.map(({ metrics }) => metrics)).map(name => ({
      name,
      values: results.map(({ metrics }) => metrics[name] ?? null)
    })),
    { name: 'seconds', values: results.map(({ seconds }) => seconds) }
  ].filter(({ name, values }) => (name !== 'score' || several) && values.some(value => value !== null))
  const rows = results.map((_, i) => columns.map(({ values }) => values[i]))
  const titles = columns.map(({ name }) => name)
  return ['', inColumns(titles, rows), ...biases(store, runId)]
}

/** Columns before the metrics. */
const PROPERTIES = ['samples', 'solver', 'points', 'nfe', 'images', 'score'] as const

/** How much too high each fid is that rests on few images. */
function biases(store: Store, runId: string): string[] {
  const stages = store.runStages(runId)
  const nameOf = (key: string) => stages.find(stage => stage.key === key)?.name ?? key
  const lines = stages.flatMap(({ key }) =>
    store.metrics(key).flatMap(({ name, samplesKey, count, details }) => {
      const bias = typeof details === 'object' && details !== null && 'bias' in details ? details.bias : undefined
      if (typeof bias !== 'number') return []
      return [`${name} of ${nameOf(samplesKey)}: about ${bias.toPrecision(2)} too high, from ${count} images`]
    })
  )
  return lines.length > 0 ? ['', ...lines] : []
}
