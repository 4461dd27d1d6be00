import { EpdError } from '../errors.js'
import { field, isMap, isObject, isTensor, toFloat64, type Tensor, type Tree } from '../checkpoints/tensor.js'
import { dyweightRecord } from './dyweight.js'
import type { PredictorRecord } from './record.js'

/** Whether a pickle holds a predictor as DyWeight's code saves it. */
export function isDyweightSnapshot(tree: Tree): tree is ReadonlyMap<Tree, Tree> {
  return isMap(tree) && isObject(tree.get('predictor'))
}

/**
 * The predictor of a snapshot of DyWeight's code: the module under `predictor`, and the schedule of its loss. What its
 * mask leaves out of the weights is 0, as in the module's own answer.
 * @throws EpdError `predictor-invalid`
 */
export function readDyweight(tree: ReadonlyMap<Tree, Tree>, name: string, source: string): PredictorRecord {
  const invalid = (what: string) => new EpdError('predictor-invalid', `${source}: ${what}`)
  const module = tree.get('predictor')
  if (!isObject(module) || !module.className.endsWith('DyWeight_predictor'))
    throw invalid(
      `holds ${isObject(module) ? `a ${module.className || 'nameless class'}` : 'nothing'} under "predictor"; expected a DyWeight_predictor of DyWeight's code`
    )
  const loss = tree.get('loss_fn')
  const ofLoss = (key: string) => (isObject(loss) ? field(loss, key) : undefined)
  const tensorIn = (kind: string, key: string) => {
    const all = field(module, kind)
    const found = isMap(all) ? all.get(key) : undefined
    return isTensor(found) ? found : undefined
  }
  const weights = tensorIn('_parameters', 'hybrid_weights')
  if (weights?.shape.length !== 2 || weights.shape[0] !== weights.shape[1])
    throw invalid('hybrid_weights, a table of [steps, steps], is missing')
  const mask = tensorIn('_buffers', 'mask')
  if (mask?.shape.join() !== weights.shape.join())
    throw invalid('mask, a buffer of the size of hybrid_weights, is missing')
  const afs = field(module, 'afs')
  if (typeof afs !== 'boolean') throw invalid('does not say whether it takes the analytical first step: afs')
  const steps = weights.shape[0]
  const [type, rho] = [ofLoss('schedule_type'), ofLoss('schedule_rho')]
  if (typeof type !== 'string' || typeof rho !== 'number')
    throw invalid('its loss_fn does not say schedule_type and schedule_rho; its time points are unknown')
  const timeScales = scalesOf(tensorIn('_parameters', 't_scale'), afs ? steps - 1 : steps)
  const dataset = field(module, 'dataset_name') ?? ofLoss('dataset_name')
  const rows = masked(weights, mask)
  return dyweightRecord({ name, dataset, afs, weights: rows, timeScales, schedule: { type, rho } }, source)
}

/** Rows of weights, with 0 where the mask has it. */
function masked(weights: Tensor, mask: Tensor): number[][] {
  const kept = toFloat64(mask)
  const values = toFloat64(weights).map((weight, i) => (kept[i] === 0 ? 0 : weight * kept[i]))
  const [steps] = weights.shape
  return Array.from({ length: steps }, (_, i) => [...values.subarray(i * steps, (i + 1) * steps)])
}

/** Scales of 1 where none were learned. */
function scalesOf(learned: Tensor | undefined, evaluations: number): number[] {
  return learned ? [...toFloat64(learned)] : Array.from({ length: evaluations }, () => 1)
}
