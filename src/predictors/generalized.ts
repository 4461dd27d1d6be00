import { isList, isMap, isTensor, toFloat64, type Tree } from '../checkpoints/tensor.js'
import { EpdError, type WayOut } from '../errors.js'
import { LATENT_DIFFUSION, STABLE_DIFFUSION, type Ends } from '../models/latent-chain.js'
import { either } from '../reading/problem.js'
import { generalizedTable, type GeneralizedParameters, type Process } from './generalized-solver.js'
import { CHAIN_END, chainTime, modelOfDataset } from './datasets.js'
import type { PredictorRecord } from './record.js'
import { tableRecord } from './table-record.js'

/** The configurations of GAS's code by the names of their files, each with the process that its model was trained on. */
const CONFIGURATIONS: Readonly<Record<string, Process>> = {
  cifar10: linear(1e-3),
  ffhq: linear(1e-4),
  afhqv2: linear(1e-4),
  lsun_beds256: chain(LATENT_DIFFUSION),
  'cin256-v2': chain(LATENT_DIFFUSION),
  coco: chain(STABLE_DIFFUSION)
}

/** The linear process of Song et al. 2021 with beta from 0.1 to 20, which models of EDM are sampled on. */
function linear(last: number): Process {
  return { last, sigma: time => Math.sqrt(Math.expm1(0.5 * 19.9 * time ** 2 + 0.1 * time)) }
}

function chain(ends: Ends): Process {
  return { last: CHAIN_END, sigma: chainTime(ends).sigma }
}

/** Whether a file holds a student as GAS's training saves it. */
export function isGeneralized(tree: Tree): tree is ReadonlyMap<Tree, Tree> {
  return isMap(tree) && isMap(tree.get('ema')) && tree.has('step')
}

/**
 * The student of a checkpoint of GAS's training, from its averaged parameters, as that code's generate.py samples it.
 * @param configuration the configuration that it was trained with, which the file does not say
 * @throws EpdError `predictor-invalid`
 */
export function readGeneralized(
  tree: ReadonlyMap<Tree, Tree>,
  name: string,
  source: string,
  configuration: string | undefined
): PredictorRecord {
  const invalid = (what: string, wayOut?: WayOut) => new EpdError('predictor-invalid', `${source}: ${what}`, { wayOut })
  const known = Object.keys(CONFIGURATIONS)
  if (configuration === undefined || !Object.hasOwn(CONFIGURATIONS, configuration))
    throw invalid(
      `is a checkpoint of GAS, which does not say its configuration: ${either(known)}${configuration === undefined ? '' : `, and not ${configuration}`}`,
      'say-configuration'
    )
  const learned = parametersOf(tree)
  if (!learned)
    throw invalid(
      'its ema.shadow_params must hold mu_logit [steps - 1], t_couple [steps], and c and a [steps] for each order, in this order'
    )
  const process = CONFIGURATIONS[configuration]
  return tableRecord(() => generalizedTable(learned, process), name, modelOfDataset(configuration), source)
}

/** The parameters, which the file holds in the order in which the module has them, without names. */
function parametersOf(tree: ReadonlyMap<Tree, Tree>): GeneralizedParameters | undefined {
  const ema = tree.get('ema')
  const listed = isMap(ema) ? ema.get('shadow_params') : undefined
  if (listed === undefined || !isList(listed) || !listed.every(isTensor)) return undefined
  const [timeLogits, told, ...pairs] = listed.map(tensor => [...toFloat64(tensor)])
  const steps = listed.length < 2 ? 0 : told.length
  const sound = steps > 0 && timeLogits.length === steps - 1 && pairs.every(values => values.length === steps)
  if (!sound || pairs.length === 0 || pairs.length % 2 !== 0) return undefined
  const every = (first: number) => pairs.filter((_, i) => i % 2 === first)
  return { timeLogits, told, answers: every(0), images: every(1) }
}
