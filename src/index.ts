export { EpdError, type ErrorCode } from './errors.js'

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
export type { PlainSolverOptions, SolverOptions } from './solvers/options.js'
export type { Evaluated, Evaluation, Problem, SolverRun } from './solvers/solver.js'
export { teacherGrid, type Refinement } from './solvers/teacher.js'

export { latents, latentsAndLabels, type GeneratorName, type LatentsOptions } from './random/latents.js'
export { distill, type DistillOptions, type Distilled, type DistillState } from './distill/distill.js'
export { featureView } from './distill/feature-view.js'
export type { View } from './distill/objective.js'
export type { Iteration } from './distill/task.js'
export type { AmedStudent, EpdStudent, Student } from './distill/student.js'
export type { Trajectories } from './distill/trajectories.js'

export { frechetDistance, type Moments } from './metrics/frechet.js'
export { accumulator, type Accumulator, type Statistics } from './metrics/statistics.js'
export { psnr, rmse } from './metrics/error.js'
export { openInception, type Inception, type InceptionOptions } from './metrics/inception.js'
export type { Features } from './metrics/features.js'
export { kid, type Kid } from './metrics/kid.js'
export { precisionRecall } from './metrics/precision-recall.js'
export { encodeStatistics, readStatistics } from './metrics/reference.js'
export { openImages, type Collection } from './images/collection.js'

export { readCheckpoint } from './checkpoints/checkpoint.js'
export type { Tensor, Tree } from './checkpoints/tensor.js'

export { loadExperiment, type LoadOptions } from './spec/load.js'
export type { Experiment, ModelMark, PredictorRecord, Stage } from './spec/experiment.js'
export { begin, type ExecuteOptions, type Execution } from './pipeline/execute.js'
export type { RunEvent } from './pipeline/event.js'
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
