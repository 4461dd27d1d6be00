import type { Stage } from '../spec/experiment.js'
import * as decode from './decode.js'
import * as distill from './distill.js'
import * as features from './features.js'
import * as sample from './sample.js'
import * as score from './score.js'
import type { StageContext, StageCost } from './stage.js'
import * as teacher from './teacher.js'

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
