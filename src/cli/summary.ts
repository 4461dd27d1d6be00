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
      return `${solverWords(stage.student)} by ${stage.optimizer.name} from ${ofCase(stage.teacher)}${stage.features ? ', in feature space' : ''}`
    case 'sample':
      return `${solverWords(stage.solver)}, seeds ${formatSeeds(stage.seeds)}`
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

function solverWords(solver: SolverSpec): string {
  const points = solver.name === 'epd' ? ` K=${solver.points}` : ''
  const plugin = solver.name === 'epd' && solver.base === 'ipndm' ? ' on ipndm' : ''
  return `${solver.name}${points}${plugin} at ${solver.nfe} NFE`
}
