import type { CheckedRow } from './seals.js'
import type { Claim, ClaimHolder } from './claims.js'
import type { StoredObject } from './objects.js'
import type { QueryResult, QueryRows } from './query.js'
import type { RunRecords } from './run-records.js'
import type { Unused } from './unused.js'
import type {
  Artifact,
  FoundRun,
  ImportedRow,
  IterationRow,
  Metric,
  PredictorRow,
  ResultRow,
  Run,
  RunOverview,
  RunStage,
  RunStatus,
  ShardRow,
  StageRow,
  RunWorker
} from './records.js'

/**
 * Read access to what runs have left. A row that is not what was written is an EpdError `store-corrupt` that names it.
 */
export interface Store {
  readonly root: string
  /** Newest first. */
  runs(): Run[]
  /**
   * Runs with how many stages each has, how many are finished, and their files' sizes, counted unchecked.
   * @param among these runs, in this order; by default all, as `runs` has them
   */
  overviews(among?: readonly Run[]): RunOverview[]
  /**
   * The run of an id, the newest of a name, or that of the beginning of one id; with the others of the name.
   * @throws EpdError `not-found`
   */
  find(idOrName: string): FoundRun
  /** The run that `find` finds, as it stands. @throws EpdError `not-found` */
  run(idOrName: string): Run
  /** The processes that work on a run now, as far as can be seen from here. */
  workers(runId: string): RunWorker[]
  /** The stages of a run in their order. */
  runStages(runId: string): RunStage[]
  /** A stage's result by its key; undefined where none has begun it. */
  stage(key: string): StageRow | undefined
  /** The files that a stage has left, or those of them that have this name. */
  artifacts(key: string, name?: string): Artifact[]
  /** Where a file is. */
  artifactPath(artifact: StoredObject): string
  /** @throws EpdError `store-corrupt` if the file is missing or changed. */
  readArtifact(artifact: StoredObject): Buffer
  /**
   * The first of the rows and files that a stage has left so far that is not what was written, for people. The files
   * are read.
   */
  damageOf(key: string): string | undefined
  /** Whether a stage was begun, whatever has become of it. */
  isBegun(key: string): boolean
  /** Whether a stage is finished, its rows are what was written, and all files that it left are still there. */
  isComplete(key: string): boolean
  /** The shards that a stage has committed, in the order of their positions. */
  shards(key: string): ShardRow[]
  /** The scores that a score stage has found. */
  metrics(key: string): Metric[]
  /** What a distill stage has found. */
  predictor(key: string): PredictorRow | undefined
  /** All that was learned, by the stage that learned it; the best first. */
  predictors(): (PredictorRow & { readonly key: string })[]
  /** What was imported, by name. */
  importedPredictors(): ImportedRow[]
  /** What was imported under this name. */
  importedPredictor(name: string): ImportedRow | undefined
  /** The iterations of a distill stage. */
  iterations(key: string): IterationRow[]
  /** The rows of all that a stage has left so far, or of one of its shards, with their seals. */
  contents(key: string, position?: number): StoreContents
  /** A row for each stage of samples and each stage that scored them, of all runs or of one. */
  results(runId?: string): ResultRow[]
  /** One statement of SQL that only reads. @throws EpdError `query-failed` */
  query(sql: string): QueryResult
  /** As `query`, of which one row at a time is held. @throws EpdError `query-failed` */
  queryRows(sql: string): QueryRows
  /**
   * What no run and no other stage refers to, and no process computes as far as can be seen: what `removeUnused` would
   * delete.
   * @throws EpdError `store-corrupt` where rows that name stages are not what was written
   */
  unused(): Unused
  /**
   * All rows of a run, as another store takes them by `putRecords`.
   * @throws EpdError `store-corrupt` where one is not what was written
   */
  records(runId: string): RunRecords
  /** Another number once anything was committed to the store by another opening of it, in this process or in others. */
  changes(): number
  /** Closes the database. */
  close(): void
}

/** Rows of what a stage has left, by their tables, as JSON can hold them. */
export type StoreContents = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>

/** A shard with the files that it leaves. */
export interface ShardToPut extends ShardRow {
  readonly files: readonly { name: string; data: Uint8Array; extension: string; mediaType: string }[]
}

/** Rows that `checkedContents` gave, and how long computing them took. */
export interface Checked {
  readonly rows: readonly CheckedRow[]
  readonly seconds?: number
}

/**
 * Write access. What takes a claim is refused (EpdError `claim-lost`) once another process has taken the work over, and
 * whatever is written once the store was moved, deleted or replaced (EpdError `store-lost`).
 */
export interface WritableStore extends Store {
  /** @throws EpdError `store-lost` once the store was moved, deleted or replaced */
  check(): void
  /** Commits all that is put within, together or not at all. */
  transaction<T>(work: () => T): T
  /**
   * Enters a run with its stages, or sets one that is there back to `running`. Until the run ends, `progress` is asked
   * about once a second how far it has come, in JSON, for those who watch: see `workers`.
   */
  beginRun(
    run: Pick<Run, 'id' | 'name' | 'description' | 'file' | 'spec' | 'overrides'> & Partial<Pick<Run, 'allowMismatch'>>,
    stages: readonly { name: string; key: string }[],
    progress?: () => string
  ): void
  /** Notes how a run has ended. */
  endRun(id: string, status: RunStatus, error?: string): void
  /** A hold on a stage, by its key, or on other work by a name; undefined while another process is at it. */
  claim(name: string): Claim | undefined
  /** Who holds a stage or other work; undefined where nobody does. */
  holder(name: string): ClaimHolder | undefined
  /** Enters a stage as begun, unless it is. */
  beginStage(claim: Claim, stage: { kind: string; params: unknown; provenance: unknown }): void
  /** Adds the time of an attempt that did not finish the stage. */
  addSeconds(claim: Claim, seconds: number): void
  /** Marks a stage as finished, and seals all that it has left. */
  finishStage(claim: Claim, cost: { nfe?: number; evaluations: number; seconds: number }): void
  /** Drops a stage and all that it left, so that it is computed anew. */
  forgetStage(key: string): void
  /** Removes a file that does not hold what was written, so that its stage is computed anew. */
  dropDamaged(artifact: StoredObject): void
  /** Commits a shard with its files. */
  putShard(claim: Claim, shard: ShardToPut): void
  /**
   * Takes over rows that `contents` gave of the same stage in another store, whose files are in this one already.
   * @throws EpdError `store-corrupt` where a row or a file is not what was written
   */
  adopt(claim: Claim, contents: StoreContents): void
  /** A number that is another once another connection to the store has changed it. */
  version(): number
  /**
   * Takes over rows that `checkedContents` gave, several times what `adopt` takes, in one transaction, and adds the
   * seconds that they took to compute to those of their stage. Their digests are not looked at again. Whether their
   * files still are there is, unless the store has the version that it had before they were checked. Returns of which
   * that is so; the others are left.
   */
  adoptChecked(claim: Claim, all: readonly Checked[], version: number): boolean[]
  /** Commits an iteration with all that the next one needs. */
  putIteration(claim: Claim, row: IterationRow, state: unknown): void
  /** What the newest iteration left to continue from. */
  iterationState(key: string): unknown
  /** Commits what was learned. */
  putPredictor(claim: Claim, row: PredictorRow): void
  /** Commits scores. */
  putMetrics(claim: Claim, metrics: readonly Metric[]): void
  /** Takes the place of one of the same name. */
  putImported(name: string, record: unknown, source: string): void
  /** Tags a run. @throws EpdError `usage` for a tag that is no word, `not-found` where the run is no more */
  tag(id: string, tags: readonly string[]): void
  /** Takes tags off a run. @throws EpdError `not-found` where it does not have one of them; all then stay */
  untag(id: string, tags: readonly string[]): void
  /** Notes something of a run, in place of what was noted; '' deletes the note. @throws EpdError `usage` */
  note(id: string, text: string): void
  /**
   * Gives a run another name, which it keeps when its spec is run again. Its id stays.
   * @throws EpdError `usage` for a name that no experiment can have, or that is the id of another run
   */
  rename(id: string, name: string): void
  /**
   * Deletes the record of a run with its tags and its note. What its stages have left stays until `removeUnused`. Takes
   * some seconds where processes on other machines are noted in the store.
   * @throws EpdError `run-in-use` while a process works on it
   */
  removeRun(id: string): Promise<void>
  /**
   * Does work while no other process deletes what is unused, for which it waits: that of `removeUnused`, and what
   * brings files before the rows that refer to them.
   */
  whileNoneDeletes<T>(work: (claim: Claim) => Promise<T>, signal?: AbortSignal): Promise<T>
  /**
   * Deletes what nothing refers to, and returns it. Others may work in the store meanwhile.
   * @throws EpdError `store-corrupt` where rows that name stages are not what was written; the signal's reason
   */
  removeUnused(options?: { readonly signal?: AbortSignal }): Promise<Unused>
  /**
   * Does some short work while no other process has the store open to work in it, and none can open it. Returns whether
   * it was done: it is not where another process has.
   */
  alone(work: () => void): Promise<boolean>
  /**
   * Enters the rows of a run of another store, whose files are here already, all or nothing. What this store has
   * finished itself stays. `check` is called with the run's id before all is committed.
   * @throws EpdError `archive-invalid` for rows that this program does not write, `run-in-use`; what `check` throws
   */
  putRecords(claim: Claim, records: RunRecords, check: (id: string) => void): void
  /** Writes a file under its digest, unless it is there; to be called within `whileNoneDeletes`. */
  putObject(data: Uint8Array, extension: string): StoredObject
  /**
   * Gives the space of deleted rows back to the disk where it is a good part of the database's. Others wait meanwhile.
   */
  compact(): void
}
