export { EpdError, type ErrorCode, type ErrorDetails, type Fault, type WayOut } from './errors.js'

export type { Condition, Denoiser, FeatureDenoiser, ModelTime, Shape, ToldTime } from './models/denoiser.js'
export type { ClipDenoised, Model, OpenModelOptions } from './models/model.js'
export { defaultCache, openModel } from './models/open.js'
export { parametrised, type ParametrisedOptions } from './models/parametrised.js'
export { clipped } from './models/clipped.js'
export type { Precision } from './engines/engine.js'
export type { EngineOptions, RunnerChoice } from './engines/registry.js'
export type { PartsOptions } from './models/layout.js'
export type { BetweenSteps } from './models/discrete-time.js'
export type { ProgramOptions } from './models/program-state.js'
export type { Betas, NoiseSpec, Prediction, Rounding } from './models/parametrisation.js'
export type { SchedulerSampling } from './models/scheduler.js'
export { openOnnxModel, type OnnxModelOptions } from './models/onnx.js'
export { openCommandModel, type CommandModelOptions } from './models/command.js'
export type { Decoder } from './models/decoder.js'
export { gaussianMixture, type MixtureOptions } from './models/mixture.js'

export {
  schedule,
  type AnyScheduleOptions,
  type ExplicitOptions,
  type FlowOptions,
  type NoiseScale,
  type ScheduleOptions,
  type ScheduleType,
  type SpacedOptions
} from './solvers/schedule.js'
export type { FlowSpacing } from './solvers/flow-times.js'
export type { RangedModel } from './solvers/range.js'
export { noise, type Noise } from './solvers/noise.js'
export { predictor, type Point, type Predictor, type PredictorTables } from './solvers/predictor.js'
export { pasPredictor, type PasPredictor } from './solvers/pas-predictor.js'
export { amedPredictor, type AmedLayers, type AmedPredictor, type Layer } from './solvers/amed-predictor.js'
export type { Learned, TimePoints, TimeSteps } from './solvers/learned.js'
export { encodeJson, encodeTensors, readPredictor, type Said } from './predictors/file.js'
export type { ListKind, ListUse } from './predictors/time-list.js'
export { exportedFiles, type ExportedFiles } from './predictors/exported.js'
export { plainParameters, tableOfRecord, type PlainParameters, type PlainPoint } from './predictors/record-table.js'
export { TARGETS, type Target } from './predictors/targets.js'
export { published, publishedPredictors } from './predictors/published.js'
export {
  listPredictors,
  predictorNamed,
  predictorsIn,
  type NamedPredictor,
  type TakenPredictor
} from './pipeline/predictors.js'
export {
  checkTable,
  inconsistency,
  tableRows,
  type Combination,
  type Table,
  type TableLayer,
  type TableRow
} from './solvers/table.js'
export { tableOf } from './solvers/table-of.js'
export { solve, type Solution, type SolvedStep, type SolveOptions } from './solvers/solve.js'
export { sampleImages, type SampledImages, type SampleImagesOptions } from './solvers/sample-images.js'
export type { ByName, ListedSolver, NamedSolver, PlainSolverOptions, SolverOptions } from './solvers/options.js'
export type {
  BoundSolver,
  Counted,
  Learns,
  MethodProblem,
  Options,
  OptionSchema,
  OptionSchemas,
  OptionsOf,
  SolverDescriptor
} from './solvers/descriptor.js'
export type { RawGrid, RawUsed } from './solvers/read.js'
export type { RawExplicit, RawFlow, RawSchedule, RawSpaced } from './solvers/schedule-keys.js'
export { SOLVERS, type Solvers } from './solvers/registry.js'
export type { Led, Multistep, StepStart } from './solvers/multistep.js'
export type { Evaluated, Evaluation, Problem, Reached, SolverRun } from './solvers/solver.js'
export type {
  AnySchedule,
  ExplicitSchedule,
  FlowSchedule,
  GridSpec,
  OnGrid,
  ScheduleSpec,
  SolverChoice,
  SolverSpec,
  SpacedSchedule
} from './solvers/spec.js'
export type { BnsOptions, BnsStudent, Free } from './solvers/bns.js'
export type { TableLearned, TableOptions } from './solvers/table-solver.js'
export type { DeisOptions } from './solvers/deis.js'
export type { DyweightLearned, DyweightOptions, DyweightPredictor } from './solvers/dyweight.js'
export type { Dpm2Options } from './solvers/dpm2.js'
export type { DpmppOptions } from './solvers/dpmpp.js'
export type { EulerOptions } from './solvers/euler.js'
export type { HeunOptions } from './solvers/heun.js'
export type { IpndmOptions } from './solvers/ipndm.js'
export type { ParadigmsBounds, ParadigmsOptions } from './solvers/paradigms.js'
export type { UnipcOptions } from './solvers/unipc.js'
export { teacherGrid, type Refinement } from './solvers/teacher.js'

export { latents, latentsAndLabels, type GeneratorName, type LatentsOptions } from './random/latents.js'
export {
  distill,
  type DistillOptions,
  type Distilled,
  type DistillState,
  type OptimizerOptions
} from './distill/distill.js'
export { featureView } from './distill/feature-view.js'
export type { View } from './distill/objective.js'
export type { Iteration, Outcome, StartName } from './distill/task.js'
export type { Teacher } from './distill/teach.js'
export type { AdamOptions, AdamSpec } from './distill/adam-options.js'
export type { SearchOptions, SearchSpec } from './distill/search.js'
export type { LeastSquaresOptions, LeastSquaresSpec } from './distill/pas.js'
export type { TableFitSpec } from './distill/table-levenberg-marquardt.js'
export type { LevenbergMarquardtOptions, LevenbergMarquardtSpec } from './distill/levenberg-marquardt-state.js'
export type { PlainStudent, Student } from './distill/student.js'
export type { AmedLearned, AmedOptions, AmedStudent } from './solvers/amed.js'
export type { PasLearned, PasOptions, PasStudent } from './solvers/pas.js'
export type { EpdLearned, EpdOptions, EpdStudent } from './solvers/epd.js'
export type { Trajectories } from './distill/trajectories.js'

export { frechetDistance, type Moments } from './metrics/frechet.js'
export { accumulator, type Accumulator, type Statistics } from './metrics/statistics.js'
export { METRICS } from './metrics/registry.js'
export type {
  Digits,
  ImageRange,
  Measured,
  MetricCheck,
  MetricContext,
  MetricDescriptor,
  MetricNeed,
  MetricNeeds,
  MetricOption,
  MetricOptions,
  PairMeasure,
  PictureShard,
  SampleSet,
  ScoreContext,
  ValueShard
} from './metrics/metric.js'
export { psnr } from './metrics/psnr.js'
export { rmse } from './metrics/rmse.js'
export { openInception, type Inception, type InceptionOptions } from './metrics/inception.js'
export type { InceptionInput } from './networks/inception-inputs.js'
export type { Features } from './metrics/features.js'
export { kid, type Kid } from './metrics/kid.js'
export { precisionRecall } from './metrics/precision-recall.js'
export { encodeStatistics, readStatistics, type ReadStatisticsOptions } from './metrics/reference.js'
export { openImages, type Collection } from './images/collection.js'
export { grid } from './images/grid.js'
export { toPng } from './images/to-png.js'
export type { Raster, Size } from './images/raster.js'
export type { Picture } from './images/resize.js'
export { toUint8 } from './images/uint8.js'

export { readCheckpoint } from './checkpoints/checkpoint.js'
export type { DType, TaggedObject, Tensor, Tree } from './checkpoints/tensor.js'

export { loadExperiment, readExperiment, type LoadOptions } from './experiment/load.js'
export type { AnyExperiment, Experiment, ModelSpec } from './experiment/experiment.js'
export type { Plugin } from './experiment/plugins.js'
export type { PluginModules } from './experiment/plugin-modules.js'
export type { CheckpointModelSpec } from './models/checkpoint-keys.js'
export type { CommandModelSpec } from './models/command-keys.js'
export type { OnnxModelSpec } from './models/onnx-keys.js'
export type { PromptsSpec } from './experiment/prompts-keys.js'
export type { RawOptimizer } from './distill/optimizers.js'
export type { OptimizerSpec } from './distill/registry.js'
export type { FeatureLooker, FeatureSpec } from './metrics/feature-network.js'
export {
  STAGE_KINDS,
  stageKinds,
  type Stage,
  type StageKinds,
  type StageOf,
  type WrittenKind
} from './stages/registry.js'
export type {
  Around,
  Cost,
  DecoderMark,
  FindStage,
  Identity,
  KnownModel,
  Locator,
  Mismatch,
  Pictures,
  StageBase,
  StageKind,
  StageTimePoints,
  Surroundings
} from './stages/kind.js'
export type { CheckContext, Progress, StageContext, StageCost } from './stages/stage.js'
export type { Chosen, Reference, ResolveContext, StageSpec } from './stages/spec.js'
export type { Path, Report } from './reading/problem.js'
export type { Frozen, IsThere, KeySchema, KeySchemas, ValueOf, ValuesOf } from './reading/keys.js'
export type { ModelMark, PredictorRecord, PredictorSource } from './predictors/record.js'
export { runExperiment, type FinishedRun, type RunExperimentOptions } from './work/run-experiment.js'
export type { SpecObject, SpecOptions } from './pipeline/carry-out.js'
export type { ExecutionSpec } from './executors/execution-keys.js'
export { sampleWith, type SampledFiles, type SamplerOptions, type SampleWithOptions } from './pipeline/sample-with.js'
export { begin, type ExecuteOptions, type Execution } from './pipeline/execute.js'
export type { DoneStage, LiveRun, LiveStage, NamedStage } from './pipeline/live.js'
export { readLive } from './pipeline/live-record.js'
export { watchRun, type WatchedRun } from './pipeline/watch.js'
export { preview, type Preview, type PreviewOptions, type PreviewedStage, type StageState } from './pipeline/preview.js'
export type { StageKeys } from './pipeline/key.js'
export type { Plan, PlannedStage } from './pipeline/plan.js'
export {
  describeCopies,
  obtainCopies,
  type Absent,
  type Asset,
  type Assets,
  type Copies,
  type Described
} from './pipeline/assets.js'
export type { Copy } from './pipeline/sources.js'
export { diagnose, type Diagnosis } from './pipeline/doctor.js'
export type { Place as ModelPlace } from './pipeline/model.js'
export {
  compareRuns,
  type ComparedRuns,
  type ComparedSamples,
  type CompareRunsOptions,
  type Difference
} from './pipeline/compare-runs.js'
export type { PairedDifference } from './pipeline/paired-differences.js'
export type { SpecDifference } from './pipeline/spec-differences.js'
export { imagesFolder } from './pipeline/images.js'
export { compareImages, type ComparisonOptions, type ImageComparison } from './pipeline/comparison.js'
export { report, type ReportOptions } from './report/report.js'
export { serve, type ServeOptions, type StoreServer } from './serve/serve.js'
export type { Elsewhere, Opened } from './pipeline/prepare.js'
export type { GivenFile } from './pipeline/given-files.js'
export { packageVersion } from './pipeline/version.js'
export type { OnEvent, RunEvent } from './pipeline/event.js'
export type { Sight } from './files/processes.js'
export { Seeds } from './reading/seeds.js'
export { LongList } from './reading/long-list.js'
export {
  collectGarbage,
  findGarbage,
  usage,
  type Collected,
  type Garbage,
  type GarbageOptions,
  type RunUsage,
  type Usage
} from './pipeline/garbage.js'
export { archive, type Archived } from './pipeline/archive.js'
export { unarchive, type Unarchived } from './pipeline/unarchive.js'
export { startingSpec, type StartingSpec } from './pipeline/starting-spec.js'
export type { CheckedRow, ContentTable, SealedName } from './store/seals.js'
export { catalogue, type CataloguedColumn, type CataloguedTable, type ExampleQuery } from './store/catalogue.js'
export { EXAMPLE_QUERIES } from './store/example-queries.js'
export { chosenOf, compare, type Cell, type Comparison, type CompareOptions } from './store/comparison.js'
export {
  createStore,
  openStore,
  type Artifact,
  type Claim,
  type Checked,
  type StoreContents,
  type ClaimHolder,
  type FoundRun,
  type ImportedRow,
  type IterationRow,
  type Metric,
  type PredictorRow,
  type QueryResult,
  type QueryRows,
  type ResultRow,
  type Run,
  type RunOverview,
  type RunRecords,
  type RunStage,
  type RunStatus,
  type RunWorker,
  type ShardRow,
  type ShardToPut,
  type SealedRow,
  type Sized,
  type StageRow,
  type Store,
  type StoredObject,
  type Unused,
  type UnusedStage,
  type WritableStore
} from './store/store.js'
