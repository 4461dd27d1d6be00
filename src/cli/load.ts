import { predictorsIn } from '../pipeline/predictors.js'
import type { Experiment } from '../experiment/experiment.js'
import { loadExperiment } from '../experiment/load.js'
import type { SpecFlags } from './main.js'

/** An experiment from its file, with the predictors that the store has. */
export function load(file: string, { set, store, allowMismatch }: SpecFlags): Experiment {
  return loadExperiment({ file, set, predictors: predictorsIn(store), allowMismatch })
}
