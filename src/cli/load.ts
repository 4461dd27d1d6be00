import { predictorsIn } from '../pipeline/predictors.js'
import type { Experiment } from '../experiment/experiment.js'
import { readExperiment } from '../experiment/load.js'
import type { SpecFlags } from './flags.js'

/** An experiment from its file, with its plugins and the predictors that the store has. */
export function load(file: string, { set, store, allowMismatch }: SpecFlags): Promise<Experiment> {
  return readExperiment({ file, set, predictors: predictorsIn(store), allowMismatch })
}
