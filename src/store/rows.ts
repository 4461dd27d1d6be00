import type { Artifact, ImportedRow, IterationRow, Metric, PredictorRow, Run, ShardRow, StageRow } from './records.js'

/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, unknown>>

/** A row that this program did not write. */
export class UnreadableRow extends Error {}

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null
}

export function text(row: Row, column: string): string {
  const value = row[column]
  return typeof value === 'string' ? value : unreadable(row, column, 'text')
}

export function number(row: Row, column: string): number {
  const value = row[column]
  return typeof value === 'number' ? value : unreadable(row, column, 'a number')
}

export function json(row: Row, column: string): unknown {
  try {
    return JSON.parse(text(row, column))
  } catch {
    return unreadable(row, column, 'JSON')
  }
}

function orNull<T>(read: (row: Row, column: string) => T): (row: Row, column: string) => T | null {
  return (row, column) => (row[column] === null ? null : read(row, column))
}

export const textOrNull = orNull(text)
export const numberOrNull = orNull(number)

function oneOf<T extends string>(row: Row, column: string, values: readonly T[]): T {
  return values.find(value => value === row[column]) ?? unreadable(row, column, `one of ${values.join(', ')}`)
}

function listOf<T>(row: Row, column: string, isItem: (item: unknown) => item is T): T[] {
  const value = json(row, column)
  return Array.isArray(value) && value.every(isItem) ? value : unreadable(row, column, 'a list')
}

function unreadable(row: Row, column: string, expected: string): never {
  throw new UnreadableRow(`column ${column} should hold ${expected}, and holds ${JSON.stringify(row[column])}`)
}

const isNumber = (value: unknown): value is number => typeof value === 'number'
const isText = (value: unknown): value is string => typeof value === 'string'

/** A run without what people have noted of it, which other tables hold. */
export function toRun(row: Row): Omit<Run, 'tags' | 'note'> {
  return {
    id: text(row, 'id'),
    name: text(row, 'name'),
    description: text(row, 'description'),
    file: text(row, 'file'),
    spec: text(row, 'spec'),
    overrides: listOf(row, 'overrides', isText),
    allowMismatch: number(row, 'allow_mismatch') === 1,
    status: oneOf(row, 'status', ['running', 'finished', 'interrupted', 'failed']),
    error: textOrNull(row, 'error'),
    created: text(row, 'created'),
    updated: text(row, 'updated'),
    finished: textOrNull(row, 'finished')
  }
}

export function toStage(row: Row): StageRow {
  return {
    key: text(row, 'key'),
    kind: text(row, 'kind'),
    params: json(row, 'params'),
    status: oneOf(row, 'status', ['running', 'finished']),
    nfe: numberOrNull(row, 'nfe'),
    evaluations: numberOrNull(row, 'evaluations'),
    seconds: number(row, 'seconds'),
    provenance: json(row, 'provenance'),
    started: text(row, 'started'),
    finished: textOrNull(row, 'finished')
  }
}

export function toArtifact(row: Row): Artifact {
  return {
    name: text(row, 'name'),
    position: number(row, 'position'),
    digest: text(row, 'digest'),
    extension: text(row, 'extension'),
    size: number(row, 'size'),
    mediaType: text(row, 'media_type')
  }
}

export function toShard(row: Row): ShardRow {
  return {
    position: number(row, 'position'),
    seeds: listOf(row, 'seeds', isNumber),
    nfe: numberOrNull(row, 'nfe') ?? undefined,
    evaluations: number(row, 'evaluations')
  }
}

export function toMetric(row: Row): Metric {
  return {
    samplesKey: text(row, 'samples_key'),
    name: text(row, 'name'),
    value: number(row, 'value'),
    count: number(row, 'count'),
    details: json(row, 'details')
  }
}

export function toPredictor(row: Row): PredictorRow {
  return {
    predictor: json(row, 'predictor'),
    sigmas: listOf(row, 'sigmas', isNumber),
    loss: number(row, 'loss'),
    validationLoss: numberOrNull(row, 'validation_loss'),
    evaluations: number(row, 'evaluations')
  }
}

export function toImported(row: Row): ImportedRow {
  return { name: text(row, 'name'), record: json(row, 'record'), source: text(row, 'source') }
}

export function toIteration(row: Row): IterationRow {
  const accepted = numberOrNull(row, 'accepted')
  return {
    iteration: number(row, 'iteration'),
    phase: text(row, 'phase'),
    step: numberOrNull(row, 'step') ?? undefined,
    loss: number(row, 'loss'),
    validationLoss: numberOrNull(row, 'validation_loss') ?? undefined,
    evaluations: number(row, 'evaluations'),
    accepted: accepted === null ? undefined : accepted === 1,
    damping: numberOrNull(row, 'damping') ?? undefined
  }
}
