import type { Stage } from '../spec/experiment.js'
import * as decode from './decode.js'
import * as distill from './distill.js'
import * as features from './features.js'
import * as sample from './sample.js'
import * as score from './score.js'
import type { CheckContext, StageContext, StageCost } from './stage.js'
import * as teacher from './teacher.js'

/**
 * Finds what would let a stage fail only once it runs, after others have been paid for: that a file which it reads does not hold what is
 * needed, or that the model's images are not what a metric looks at.
 * @throws EpdError
 */
export function checkStage(stage: Stage, context: CheckContext): Promise<void> {
  switch (stage.kind) {
    case 'distill':
      return distill.check(stage, context)
    case 'features':
      return features.check(stage, context)
    case 'score':
      return score.check(stage, context)
    case 'teacher':
    case 'sample':
    case 'decode':
      return Promise.resolve()
  }
}

export function runStage(stage: Stage, context: StageContext): Promise<StageCost> {
  switch (stage.kind) {
    case 'teacher':
      return teacher.run(stage, context)
    case 'distill':
      return distill.run(stage, context)
    case 'sample':
      return sample.run(stage, context)
    case 'decode':
      return decode.run(stage, context)
    case 'features':
      return features.run(stage, context)
    case 'score':
      return score.run(stage, context)
  }
}
