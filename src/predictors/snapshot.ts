import { EpdError, type WayOut } from '../errors.js'
import { field, isMap, isObject, isTensor, toFloat32, type Tensor, type Tree } from '../checkpoints/tensor.js'
import { modelOfDataset } from './datasets.js'
import { flowSchedule, type Setting } from './flow-snapshot.js'
import { NAME, parseRecord, type PredictorRecord } from './record.js'

/** Whether a pickle holds a predictor as the paper's code saves it. */
export function isSnapshot(tree: Tree): tree is ReadonlyMap<Tree, Tree> {
  return isMap(tree) && isObject(tree.get('model'))
}

/**
 * The predictor of a snapshot of the paper's code (branches EPD-Solver and EPD-Solver++): the module under `model`, and
 * the noise range of its loss. Its time points are those that its code computes in single precision, but those of a
 * chain or a flow, which are exact.
 * @throws EpdError `predictor-invalid`
 */
export function readSnapshot(tree: ReadonlyMap<Tree, Tree>, name: string, source: string): PredictorRecord {
  const module = tree.get('model')
  const invalid = (what: string, wayOut?: WayOut) => new EpdError('predictor-invalid', `${source}: ${what}`, { wayOut })
  if (!isObject(module) || !module.className.endsWith('EPD_predictor'))
    throw invalid(
      `holds ${isObject(module) ? `a ${module.className || 'nameless class'}` : 'nothing under "model"'}; expected an EPD_predictor of the paper's code`
    )
  const own = (key: string) => field(module, key)
  const loss = tree.get('loss_fn')
  const student = own('sampler_stu')
  if (student !== 'epd' && student !== 'ipndm')
    throw invalid(`is for the sampler ${JSON.stringify(student ?? null)}; expected "epd" or "ipndm"`)
  const parameters = own('_parameters')
  const table = (key: string) => {
    const tensor = isMap(parameters) ? parameters.get(key) : undefined
    if (!isTensor(tensor) || tensor.shape.length !== 2) throw invalid(`${key}, a table of [steps, points], is missing`)
    return rowsOf(tensor)
  }
  const [scaleDir, scaleTime] = [Number(own('scale_dir')), Number(own('scale_time'))]
  const model = modelOfDataset(own('dataset_name'))
  const grid = gridIn(own, loss, invalid)
  if (!NAME.test(name)) throw invalid(`cannot be called ${JSON.stringify(name)}`, 'another-name')
  return parseRecord(
    {
      name,
      solver: {
        ...{ name: 'epd', afs: own('afs'), points: own('num_points'), scaleDir, scaleTime },
        ...{ base: student === 'ipndm' ? 'ipndm' : 'euler', maxOrder: own('max_order') },
        numSteps: own('num_steps'),
        ...grid
      },
      learned: {
        r: table('r_params'),
        weight: table('weight_s'),
        scaleDir: table('scale_dir_params'),
        scaleTime: table('scale_time_params'),
        ranges: { scaleDir, scaleTime }
      },
      model
    },
    source
  )
}

/** The schedule of a snapshot, and the coordinates that it is in. */
function gridIn(own: Setting, loss: Tree | undefined, invalid: (what: string) => EpdError) {
  const type = own('schedule_type')
  if (type === 'flowmatch') {
    try {
      return { coordinates: 'flow', schedule: flowSchedule(own) }
    } catch (error) {
      throw error instanceof RangeError ? invalid(error.message) : error
    }
  }
  return {
    schedule: {
      ...{ type, rho: own('schedule_rho') },
      ...range(loss, 'sigmaMin', 'sigma_min'),
      ...range(loss, 'sigmaMax', 'sigma_max'),
      ...(type !== 'discrete' && { precision: 'float32' })
    }
  }
}

/** An end of the noise range, where the loss states it; else the model's own is taken. */
function range(loss: Tree | undefined, key: string, name: string): Record<string, unknown> {
  const value = isObject(loss) ? field(loss, name) : undefined
  return value === undefined || value === null ? {} : { [key]: value }
}

function rowsOf(tensor: Tensor): number[][] {
  const values = [...toFloat32(tensor)]
  const [steps, points] = tensor.shape
  return Array.from({ length: steps }, (_, i) => values.slice(i * points, (i + 1) * points))
}
