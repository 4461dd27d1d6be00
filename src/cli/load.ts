import { predictorsIn } from '../pipeline/predictors.js'
import type { Experiment } from '../spec/experiment.js'
import { readExperiment } from '../spec/load.js'
import type { SpecFlags } from './flags.js'

/** An experiment from its file, with its plugins and the predictors that the store has. */
export function load(file: string, { set, store, allowMismatch }: SpecFlags): Promise<Experiment> {
  return readExperiment({ file, set, predictors: predictorsIn(store), allowMismatch })
}
