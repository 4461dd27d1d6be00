import { existsSync } from 'node:fs'
import { shown } from '../downloads/receive-options.js'
import { filesIn, type GivenFile } from '../pipeline/given-files.js'
import { imagesFolder } from '../pipeline/images.js'
import { placeOf } from '../reading/location.js'
import { openStore, type Run, type RunStage, type Store } from '../store/store.js'
import { stateOf } from '../store/run-properties.js'
import { inColumns } from './columns.js'
import type { Flags } from './flags.js'
import { meantRun } from './found-run.js'
import { learnedLines } from './learned-view.js'
import { print, printJson } from './output.js'
import { printable } from './printable.js'
import { resultLines } from './result-table.js'
import { flattened } from './results.js'

export interface ShowFlags extends Flags {
  /** Whether loss curves and learned time points are drawn; by default on a terminal alone. */
  readonly plots?: boolean
}

/** Shows a run: its stages, what they learned, their files, results and images. */
export function show(name: string, { store: dir, json, plots = process.stdout.isTTY }: ShowFlags): void {
  const store = openStore(dir)
  try {
    const run = store.run(meantRun(store, name))
    const stages = store.runStages(run.id)
    if (json) printJson(described(store, run, stages))
    else print(page(store, run, stages, plots))
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

function page(store: Store, run: Run, stages: readonly RunStage[], plots: boolean): string {
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
    printable(`${run.id}  ${stateOf(run)}${run.error === null ? '' : `: ${run.error}`}`),
    ...(run.description === '' ? [] : [printable(run.description)]),
    ...(run.tags.length > 0 ? [printable(`tags ${run.tags.join(' ')}`)] : []),
    ...(run.note === '' ? [] : [printable(`note ${run.note}`)]),
    printable(`spec ${run.file}${run.overrides.length > 0 ? ` with ${run.overrides.join(' ')}` : ''}`),
    '',
    inColumns(['stage', 'kind', 'status', 'nfe', 'evaluations', 'seconds', 'key'], rows),
    ...(learned.length > 0
      ? ['', inColumns(['distilled', 'rms loss', 'validation', 'iterations', 'evaluations'], learned)]
      : []),
    ...(plots ? learnedLines(store, stages) : []),
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
