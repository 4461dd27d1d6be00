import { decodeNpy } from '../checkpoints/npy.js'
import { shapes16 } from '../datasets/shapes16.js'
import { EpdError } from '../errors.js'
import { frechetDistance } from '../metrics/frechet.js'
import { Accumulator, type Statistics } from '../metrics/statistics.js'
import type { ScoreStage } from '../spec/experiment.js'
import type { Metric, Store } from '../store/store.js'
import type { StageContext, StageCost } from './stage.js'

export const version = 1
