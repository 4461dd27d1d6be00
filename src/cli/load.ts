import { predictorsIn } from '../pipeline/predictors.js'
import type { Experiment } from '../spec/experiment.js'
import { loadExperiment } from '../spec/load.js'
import type { SpecFlags } from './flags.js'

/** An experiment from its file, with the predictors that the store has. */
export function load(file: string, { set, store, allowMismatch }: SpecFlags): Experiment {
  return loadExperiment({ file, set, predictors: predictorsIn(store), allowMismatch })
}
