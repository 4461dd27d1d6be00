import { tellTaken } from './found-run.js'
import type { Experiment } from '../experiment/experiment.js'
import { experimentOf } from '../pipeline/carry-out.js'
import type { SpecFlags } from './flags.js'

/** An experiment from its file, with its plugins and the predictors that the store has. */
export function load(file: string, { set, store, allowMismatch }: SpecFlags): Promise<Experiment> {
  return experimentOf(file, store, { set, allowMismatch }, tellTaken)
}
