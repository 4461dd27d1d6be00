import { SIMPLEST_BASE } from '../solvers/methods.js'
import type { SolverSpec, Stage } from '../spec/experiment.js'
import { formatSeeds } from '../spec/seeds.js'

/** A stage in a few words. */
export function summary(stage: Stage): string {
  switch (stage.kind) {
    case 'teacher': {
      const { solver, grid, refine, substeps, seeds } = stage
      const steps = (refine + 1) * (grid.numSteps - 1) * substeps
      return `${solver.name}, ${steps} steps, seeds ${formatSeeds(seeds)}`
    }
    case 'distill':
      return `${solverWords(stage.student)}${stage.learnSigmas ? ' and its time points' : ''} by ${stage.optimizer.name} from ${ofCase(stage.teacher)}${stage.features ? ', in feature space' : ''}`
    case 'sample':
      return `${solverWords(stage.solver)}${stage.predictor ? ` of ${stage.predictor.name}` : ''}, seeds ${formatSeeds(stage.seeds)}`
    case 'decode':
      return `images of the latents of ${ofCase(stage.samples)}`
    case 'features':
      return `Inception-v3 features of ${ofCase(stage.samples)}, prepared as ${stage.preparation}`
    case 'score':
      return `${stage.metrics.join(', ')} of ${stage.samples.map(ofCase).join(', ')}`
  }
}

/** A stage's name within its own case of a matrix. */
function ofCase(name: string): string {
  return name.replace(/@.*/, '')
}

/** A solver in a few words. */
export function solverWords(solver: SolverSpec): string {
  const { points, base } = solver
  const parallel = typeof points === 'number' ? ` K=${points}` : ''
  const on = typeof base === 'string' && base !== SIMPLEST_BASE ? ` on ${base}` : ''
  return `${solver.name}${parallel}${on} at ${solver.nfe} NFE`
}
