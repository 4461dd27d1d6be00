import { existsSync } from 'node:fs'
import { imagesFolder } from '../pipeline/images.js'
import { openStore, type ResultRow, type Run, type RunStage, type Store } from '../store/store.js'
import type { Flags } from './flags.js'
import { inColumns } from './columns.js'

export function list({ store: dir, json }: Flags): void {
  const store = openStore(dir)
  try {
    const runs = store.runs().map(run => ({ run, stages: store.runStages(run.id) }))
    if (json) {
      print(JSON.stringify(runs.map(({ run, stages }) => ({ ...run, stages }))))
      return
    }
    const rows = runs.map(({ run, stages }) => [
      run.id,
      run.status,
      `${stages.filter(isFinished).length}/${stages.length}`,
      run.updated.slice(0, 16).replace('T', ' '),
      run.description
    ])
    print(inColumns(['run', 'status', 'stages', 'updated', 'description'], rows))
  } finally {
    store.close()
  }
}

export function show(name: string, { store: dir, json }: Flags): void {
  const store = openStore(dir)
  try {
    const run = store.run(name)
    const stages = store.runStages(run.id)
    if (json) print(JSON.stringify(described(store, run, stages)))
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
    results: resultsOf(store, run.id)
  }
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
    `spec ${run.file}${run.overrides.length > 0 ? ` with ${run.overrides.join(' ')}` : ''}`,
    '',
    inColumns(['stage', 'kind', 'status', 'nfe', 'evaluations', 'seconds', 'key'], rows),
    ...(learned.length > 0
      ? ['', inColumns(['distilled', 'rms loss', 'validation', 'iterations', 'evaluations'], learned)]
      : []),
    ...resultLines(store, run.id),
    ...(existsSync(folder) ? ['', `images in ${folder}`] : [])
  ].join('\n')
}

/** The results table of a run, if it has scores or samples, and what is to be known about it. */
export function resultLines(store: Store, runId: string): string[] {
  const rows = resultsOf(store, runId)
  if (rows.length === 0) return []
  const several = new Set(rows.flatMap(({ score }) => score ?? [])).size > 1
  const columns = COLUMNS.filter(column => (column !== 'score' || several) && rows.some(row => row[column] !== null))
  const cells = rows.map(row => columns.map(column => row[column]))
  return ['', inColumns(columns.map(titled), cells), ...biases(store, runId)]
}

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

const COLUMNS: readonly (keyof ResultRow)[] = [
  ...(['samples', 'solver', 'points', 'nfe', 'images', 'score'] as const),
  ...(['rmse', 'psnr', 'fid', 'kid', 'precision', 'recall', 'clipScore', 'frechetPixels', 'seconds'] as const)
]

function titled(column: string): string {
  return column.replace(/[A-Z]/, letter => `-${letter.toLowerCase()}`)
}

function resultsOf(store: Store, runId: string): ResultRow[] {
  return store.results(runId)
}

function isFinished({ stage }: RunStage): boolean {
  return stage?.status === 'finished'
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
