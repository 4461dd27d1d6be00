import type { Sight } from '../files/processes.js'
import type { StoredObject } from './objects.js'

/** How a run stands. One whose process was killed is `interrupted`. */
export type RunStatus = 'running' | 'finished' | 'interrupted' | 'failed'

/** One experiment: the same stages under the same names are the same run, however often it is started. */
export interface Run {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly file: string
  /** The YAML as it was read. */
  readonly spec: string
  /** What was put into the spec: `path=value` each. */
  readonly overrides: readonly string[]
  /** Whether predictors may be used otherwise than they were distilled for. */
  readonly allowMismatch: boolean
  readonly status: RunStatus
  readonly error: string | null
  /** Times are ISO 8601 in UTC. */
  readonly created: string
  readonly updated: string
  readonly finished: string | null
  /** What people have tagged it with, in the order of the alphabet. */
  readonly tags: readonly string[]
  /** What people have noted of it; '' where nothing is. */
  readonly note: string
}

/** A run, how far it has come, and the bytes of the files that its stages have left, shared ones included. */
export interface RunOverview {
  readonly run: Run
  readonly stages: number
  readonly finished: number
  readonly bytes: number
}

/** The run that an id or a name means. */
export interface FoundRun {
  readonly id: string
  /** The other runs that have the same name, newest first; none where the run was given by its id. */
  readonly others: readonly string[]
}

/** A process that works on a run. */
export interface RunWorker {
  readonly pid: number
  readonly host: string
  /** `unknown`: the process cannot be seen from here, and has given a sign of life within the last seconds. */
  readonly sight: Sight
  /** How far the run has come, in JSON, as of the process's last sign of life; null before the first one. */
  readonly progress: string | null
}

/** A stage of a run, by its name in the run's spec. */
export interface RunStage {
  readonly position: number
  readonly name: string
  readonly key: string
  /** null: not begun. */
  readonly stage: StageRow | null
}

/** A stage's result, shared by all runs that have a stage of its key. */
export interface StageRow {
  readonly key: string
  readonly kind: string
  readonly params: unknown
  readonly status: 'running' | 'finished'
  /** Parallel NFE of one sample. */
  readonly nfe: number | null
  /** Evaluations of the model, all samples together. */
  readonly evaluations: number | null
  /** All attempts together. */
  readonly seconds: number
  readonly provenance: unknown
  readonly started: string
  readonly finished: string | null
}

/** A file that a stage has left in the store. */
export interface Artifact extends StoredObject {
  readonly name: string
  /** The shard it belongs to. */
  readonly position: number
  readonly mediaType: string
}

/** Seeds whose results a stage has committed together. */
export interface ShardRow {
  readonly position: number
  readonly seeds: readonly number[]
  readonly nfe?: number
  readonly evaluations: number
}

/** A score of the samples of one stage. */
export interface Metric {
  /** The stage whose samples were scored. */
  readonly samplesKey: string
  readonly name: string
  readonly value: number
  /** Samples it rests on. */
  readonly count: number
  /** What it was measured against. */
  readonly details: unknown
}

/** What a distill stage has found. */
export interface PredictorRow {
  /** Raw tables and ranges. */
  readonly predictor: unknown
  readonly sigmas: readonly number[]
  readonly loss: number
  readonly validationLoss: number | null
  readonly evaluations: number
}

/** A predictor that was read from a file. */
export interface ImportedRow {
  readonly name: string
  /** The record, as export writes it. */
  readonly record: unknown
  readonly source: string
}

/** An iteration of a distill stage. */
export interface IterationRow {
  readonly iteration: number
  readonly phase: string
  readonly step?: number
  readonly loss: number
  readonly validationLoss?: number
  readonly evaluations: number
  readonly accepted?: boolean
  readonly damping?: number
}

/** The samples of one stage in one run, with what one stage scored of them. */
export interface ResultRow {
  readonly experiment: string
  readonly samples: string
  /** The key of their stage. What has the same key under several names is the same result. */
  readonly key: string
  readonly solver: string | null
  readonly points: number | null
  readonly base: string | null
  readonly afs: boolean | null
  readonly schedule: string | null
  /** Whether they were taken on time points that were learned. Stages of version 0.1.0 do not tell of their student. */
  readonly learnedSteps: boolean
  readonly nfe: number | null
  readonly images: number | null
  readonly evaluations: number | null
  /** The stage that scored them; null: none has. */
  readonly score: string | null
  /** Values of the metrics that it has scored, by their names. */
  readonly metrics: Readonly<Partial<Record<string, number>>>
  readonly seconds: number
  readonly run: string
}
