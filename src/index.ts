export { EpdError, type ErrorCode, type ErrorDetails, type Fault, type WayOut } from './errors.js'

export type { Condition, Denoiser, FeatureDenoiser, ModelTime, Shape, ToldTime } from './models/denoiser.js'
export type { ClipDenoised, Model, OpenModelOptions } from './models/model.js'
export { openModel } from './models/open.js'
export { parametrised, type ParametrisedOptions } from './models/parametrised.js'
export { clipped } from './models/clipped.js'
export type { Betas, NoiseSpec, Prediction, Rounding } from './models/parametrisation.js'
export type { SchedulerSampling } from './models/scheduler.js'
export { openOnnxModel, type OnnxModelOptions } from './models/onnx.js'
export { openCommandModel, type CommandModelOptions } from './models/command.js'
export type { Decoder } from './models/decoder.js'
export { gaussianMixture, type MixtureOptions } from './models/mixture.js'

export {
  schedule,
  type ExplicitOptions,
  type NoiseScale,
  type ScheduleOptions,
  type ScheduleType,
  type SpacedOptions
} from './solvers/schedule.js'
export { noise } from './solvers/noise.js'
export { predictor, type Predictor, type PredictorTables } from './solvers/predictor.js'
export { amedPredictor, type AmedLayers, type AmedPredictor, type Layer } from './solvers/amed-predictor.js'
export type { Learned, TimePoints } from './solvers/learned.js'
export { readPredictor } from './predictors/file.js'
export { published, publishedPredictors } from './predictors/published.js'
export { listPredictors, predictorsIn, type NamedPredictor } from './pipeline/predictors.js'
export { solve, type Solution, type SolveOptions } from './solvers/solve.js'
export type { NamedSolver, PlainSolverOptions, SolverOptions } from './solvers/options.js'
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
export { SOLVERS, type Solvers } from './solvers/registry.js'
export type { Led, Multistep, StepStart } from './solvers/multistep.js'
export type { Evaluated, Evaluation, Problem, Reached, SolverRun } from './solvers/solver.js'
export { teacherGrid, type Refinement } from './solvers/teacher.js'

export { latents, latentsAndLabels, type GeneratorName, type LatentsOptions } from './random/latents.js'
export { distill, type DistillOptions, type Distilled, type DistillState } from './distill/distill.js'
export { featureView } from './distill/feature-view.js'
export type { View } from './distill/objective.js'
export type { Iteration } from './distill/task.js'
export type { PlainStudent, Student } from './distill/student.js'
export type { AmedStudent } from './solvers/amed.js'
export type { EpdStudent } from './solvers/epd.js'
export type { Trajectories } from './distill/trajectories.js'

export { frechetDistance, type Moments } from './metrics/frechet.js'
export { accumulator, type Accumulator, type Statistics } from './metrics/statistics.js'
export { METRICS } from './metrics/registry.js'
export type {
  Measured,
  MetricCheck,
  MetricContext,
  MetricDescriptor,
  MetricNeeds,
  MetricOptions,
  SampleSet,
  ScoreContext
} from './metrics/metric.js'
export { psnr } from './metrics/psnr.js'
export { rmse } from './metrics/rmse.js'
export { openInception, type Inception, type InceptionOptions } from './metrics/inception.js'
export type { Features } from './metrics/features.js'
export { kid, type Kid } from './metrics/kid.js'
export { precisionRecall } from './metrics/precision-recall.js'
export { encodeStatistics, readStatistics } from './metrics/reference.js'
export { openImages, type Collection } from './images/collection.js'

export { readCheckpoint } from './checkpoints/checkpoint.js'
export type { Tensor, Tree } from './checkpoints/tensor.js'

export { loadExperiment, readExperiment, type LoadOptions } from './experiment/load.js'
export type { Experiment } from './experiment/experiment.js'
export { STAGE_KINDS, stageKinds, type Stage, type StageKinds } from './stages/registry.js'
export type { StageBase, StageKind } from './stages/kind.js'
export type { StageSpec } from './stages/spec.js'
export type { ModelMark, PredictorRecord } from './predictors/record.js'
export { begin, type ExecuteOptions, type Execution } from './pipeline/execute.js'
export type { RunEvent } from './pipeline/event.js'
export { preview, type Preview, type PreviewOptions, type PreviewedStage, type Progress } from './pipeline/preview.js'
export { compare, type Comparison, type CompareOptions } from './store/comparison.js'
export {
  createStore,
  openStore,
  type Artifact,
  type Metric,
  type PredictorRow,
  type QueryResult,
  type Run,
  type RunStage,
  type Store,
  type WritableStore
} from './store/store.js'
