import { METRICS } from '../metrics/registry.js'
import type { MetricDescriptor } from '../metrics/metric.js'

/** What can be read with SQL: a table or a view. */
export interface CataloguedTable {
  readonly name: string
  readonly kind: 'table' | 'view'
  /** What a row is. */
  readonly row: string
  readonly columns: readonly CataloguedColumn[]
}

/** A column of a table or view. */
export interface CataloguedColumn {
  readonly name: string
  /** What it holds, with its unit. */
  readonly what: string
}

/** A question, and the SQL that answers it. */
export interface ExampleQuery {
  readonly title: string
  readonly sql: string
}

const SEAL = 'SHA-256 over the other columns of the row'
const STAGE_KEY = 'the stage, by its key'
const TIME = 'ISO 8601 in UTC'

/** The view that most questions are about, with a column for each metric. */
function resultsView(metrics: readonly MetricDescriptor[]): CataloguedTable {
  return {
    ...{ name: 'results', kind: 'view', row: 'a sample stage of a run, once for each stage that scored it' },
    columns: columns({
      experiment: "the run's name",
      samples: 'the sample stage',
      solver: 'the name of its solver',
      points: 'parallel evaluations of a step (K)',
      base: 'the method that the solver is plugged into',
      afs: '1: the first step is analytical, without an evaluation',
      schedule: 'the kind of its time points',
      learned_steps: '1: its time points were learned',
      nfe: 'parallel evaluations of one image, one after the other',
      images: 'images that were made',
      evaluations: 'evaluations of the model for all images, those of a parallel NFE each counted',
      score: 'the score stage; null: none has scored them',
      ...Object.fromEntries(metrics.map(({ name, title }) => [name.replaceAll('-', '_'), title])),
      seconds: 'seconds of computing, of all attempts',
      run: "the run's id"
    })
  }
}

const TABLES: readonly CataloguedTable[] = [
  tableOf('runs', 'a run', {
    id: "the name with the beginning of the digest of all stages' keys",
    name: 'the name of the experiment',
    description: 'what the spec says of itself',
    file: 'the path of the spec',
    spec: 'the YAML as it was read',
    overrides: '--set values, a JSON list of path=value',
    status: 'running, finished, interrupted or failed, as last written',
    error: 'why it has not finished',
    created: TIME,
    updated: TIME,
    finished: TIME,
    allow_mismatch: '1: predictors may be used otherwise than they were distilled for',
    seal: SEAL
  }),
  tableOf('run_stages', 'a stage of a run, under its name', {
    run_id: "the run's id",
    position: 'its place in the order of computing, from 0',
    name: "the stage's name in the spec",
    stage_key: 'its result, which other runs may share',
    seal: SEAL
  }),
  tableOf('stages', 'a result, shared by all runs that have it', {
    key: 'SHA-256 over all that the result depends on',
    kind: 'teacher, distill, sample, decode, features or score',
    params: 'resolved parameters, JSON',
    status: 'running or finished',
    nfe: 'parallel evaluations of one image, one after the other',
    evaluations: 'evaluations of the model, all samples together',
    seconds: 'seconds of computing, of all attempts',
    provenance: 'versions, machine, model, files, keys of the stages that it read, JSON',
    started: TIME,
    finished: TIME,
    seal: SEAL,
    contents: 'SHA-256 over the seals of all that it has left'
  }),
  tableOf('shards', 'up to 64 seeds of a stage, committed together', {
    stage_key: STAGE_KEY,
    position: 'its place in the order of the seeds, from 0',
    seeds: 'the seeds, a JSON list',
    nfe: 'parallel evaluations of one image',
    evaluations: 'evaluations of the model, all seeds together',
    seal: SEAL
  }),
  tableOf('artifacts', 'a file of a shard', {
    stage_key: STAGE_KEY,
    name: 'what it holds, such as samples',
    position: 'the shard that it belongs to',
    digest: 'SHA-256 of the file, which is its name in objects/',
    extension: "the end of the file's name",
    media_type: 'the kind of its content',
    size: 'bytes',
    seal: SEAL
  }),
  tableOf('metrics', 'a score of the samples of one stage', {
    stage_key: 'the score stage, by its key',
    samples_key: 'the sample stage that was scored, by its key',
    name: 'the name of the metric',
    value: 'the score, in the unit of the metric',
    count: 'images that it rests on',
    details: 'what was compared, JSON',
    seal: SEAL
  }),
  tableOf('predictors', 'what a distill stage has learned', {
    stage_key: STAGE_KEY,
    predictor: 'raw numbers, JSON; epd-run export writes them as values with units',
    sigmas: 'time points, a JSON list of noise levels: standard deviations in units of the image',
    loss: 'mean square of the difference to the teacher; its root is the RMS loss that a run shows',
    validation_loss: 'the same on trajectories that nothing was learned from',
    evaluations: 'evaluations of the model that it took',
    seal: SEAL
  }),
  tableOf('iterations', 'an iteration of a distill stage', {
    stage_key: STAGE_KEY,
    iteration: 'from 1',
    phase: 'step (one step alone, a local loss), final, adam or search',
    step: 'the step that is fitted in phase step, from 0',
    loss: 'mean square of the difference to the teacher; its root is the RMS loss that a run shows',
    validation_loss: 'the same on trajectories that nothing is learned from',
    evaluations: 'evaluations of the model so far',
    accepted: '1: what was tried is kept',
    damping: "Levenberg-Marquardt's, without a unit",
    state: 'what the next iteration needs, JSON; of the newest one alone',
    seal: SEAL
  }),
  tableOf('imported_predictors', 'a predictor that was imported', {
    name: 'what specs call it',
    record: 'as export writes it, JSON',
    source: 'the file that it came from',
    imported: TIME,
    seal: SEAL
  }),
  tableOf('run_tags', 'a tag of a run', { run_id: "the run's id", tag: 'the tag', seal: SEAL }),
  tableOf('run_notes', 'what is noted of a run', { run_id: "the run's id", note: 'the note', seal: SEAL }),
  tableOf('claims', 'work that a process holds now', {
    name: "a stage's key, a download, or a run that is watched over",
    holder: 'a name of its own for each hold',
    pid: 'the process',
    host: 'the name of its machine',
    machine: 'where the process number is valid',
    began: 'tells the process from a later one of its number',
    heartbeat: 'its last sign of life, milliseconds since 1970',
    progress: 'how far a run has come, JSON; null of other work'
  })
]

/** All tables and views that a store has for readers, `results` first. */
export function catalogue(metrics: readonly MetricDescriptor[] = METRICS): CataloguedTable[] {
  return [resultsView(metrics), ...TABLES]
}

function tableOf(name: string, row: string, of: Readonly<Record<string, string>>): CataloguedTable {
  return { name, kind: 'table', row, columns: columns(of) }
}

function columns(of: Readonly<Record<string, string>>): CataloguedColumn[] {
  return Object.entries(of).map(([name, what]) => ({ name, what }))
}
