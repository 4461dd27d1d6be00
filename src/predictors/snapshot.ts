import { EpdError } from '../errors.js'
import { field, isMap, isObject, isTensor, toFloat32, type Tensor, type Tree } from '../checkpoints/tensor.js'
import type { ModelMark, PredictorRecord } from '../spec/experiment.js'
import { NAME, parseRecord } from './record.js'

/** The models of the paper's data sets, by the names that its code gives them. */
const MODELS: Readonly<Record<string, ModelMark | undefined>> = {
  cifar10: { shape: [3, 32, 32], labelDim: 0 },
  ffhq: { shape: [3, 64, 64], labelDim: 0 },
  afhqv2: { shape: [3, 64, 64], labelDim: 0 },
  imagenet64: { shape: [3, 64, 64], labelDim: 1000 },
  lsun_bedroom_ldm: { shape: [3, 64, 64], labelDim: 0 }
}

/** What EDM's models are sampled over in the paper, whatever their files say. */
const [SIGMA_MIN, SIGMA_MAX] = [0.002, 80]

/** Whether a pickle holds a predictor as the paper's code saves it. */
export function isSnapshot(tree: Tree): tree is ReadonlyMap<Tree, Tree> {
  return isMap(tree) && isObject(tree.get('model'))
}

/**
 * The predictor of a snapshot of the paper's code (branch EPD-Solver): the module under `model`, and the noise range of its loss.
 * @throws EpdError `predictor-invalid`
 */
export function readSnapshot(tree: ReadonlyMap<Tree, Tree>, name: string, source: string): PredictorRecord {
  const module = tree.get('model')
  const invalid = (what: string) => new EpdError('predictor-invalid', `${source}: ${what}`)
  if (!isObject(module) || !module.className.endsWith('EPD_predictor'))
    throw invalid(
      `holds ${isObject(module) ? `a ${module.className || 'nameless class'}` : 'nothing under "model"'}; expected an EPD_predictor of the paper's code`
    )
  const own = (key: string) => field(module, key)
  const loss = tree.get('loss_fn')
  const range = (key: string, otherwise: number) => (isObject(loss) ? (field(loss, key) ?? otherwise) : otherwise)
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
  const dataset = own('dataset_name')
  const model = typeof dataset === 'string' ? { dataset, ...MODELS[dataset] } : {}
  if (!NAME.test(name)) throw invalid(`cannot be called ${JSON.stringify(name)}; give another name with --name`)
  return parseRecord(
    {
      name,
      solver: {
        ...{ name: 'epd', afs: own('afs'), points: own('num_points'), scaleDir, scaleTime },
        ...{ base: student === 'ipndm' ? 'ipndm' : 'euler', maxOrder: own('max_order') },
        numSteps: own('num_steps'),
        schedule: {
          type: own('schedule_type'),
          rho: own('schedule_rho'),
          sigmaMin: range('sigma_min', SIGMA_MIN),
          sigmaMax: range('sigma_max', SIGMA_MAX)
        }
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

function rowsOf(tensor: Tensor): number[][] {
  const values = [...toFloat32(tensor)]
  const [steps, points] = tensor.shape
  return Array.from({ length: steps }, (_, i) => values.slice(i * points, (i + 1) * points))
}
