import { dirname, join } from 'node:path'
import { EpdError } from '../errors.js'
import { readTextBeside } from './beside.js'
import { parseYaml } from '../reading/yaml.js'
import { withOrigin } from './origin.js'
import { firstNames } from '../first-names.js'
import { within } from './state-dict.js'
import { isRecord, type Tensor } from './tensor.js'

type Tensors = ReadonlyMap<string, Tensor>

/** The parts of a latent diffusion model, each under its own names. */
export interface LatentStates {
  /** Averaged weights where the file has them, as `ema_scope` takes them. */
  readonly unet: Tensors
  /** The weights that training ended with. */
  readonly trained: Tensors
  readonly firstStage: Tensors
  /** CLIP's text encoder by transformers' names; empty where there is none. */
  readonly text: Tensors
  /** alpha^2 of each step. */
  readonly alphaBars?: Tensor
  /** The factor that latents are multiplied by, where the file names it. */
  readonly scaleFactor?: Tensor
}

const UNET = 'model.diffusion_model.'
const FIRST_STAGE = 'first_stage_model.'
const TEXT = 'cond_stage_model.transformer.'

/** Whether tensors are those of a whole latent diffusion model. */
export function isLatent(tensors: Tensors): boolean {
  return [...tensors.keys()].some(name => name.startsWith(UNET))
}

/**
 * The parts of a state dict of CompVis's latent diffusion or Stable Diffusion (v1); undefined for all others.
 * @throws EpdError `model-invalid`
 */
export function latentStates(tensors: Tensors): LatentStates | undefined {
  if (!isLatent(tensors)) return undefined
  const strange = [...tensors.keys()].find(name => name.startsWith('cond_stage_model.') && !name.startsWith(TEXT))
  if (strange !== undefined)
    throw new EpdError(
      'model-invalid',
      `the checkpoint's condition has ${strange}, which is not supported; known is CLIP's text encoder, ${TEXT}*`
    )
  return {
    unet: averaged(tensors, within(tensors, UNET)),
    trained: within(tensors, UNET),
    firstStage: new Map(
      [...within(tensors, FIRST_STAGE)].filter(([name]) => !/^(encoder|quant_conv|loss|logvar)\b/.test(name))
    ),
    text: within(tensors, TEXT),
    alphaBars: tensors.get('alphas_cumprod'),
    scaleFactor: tensors.get('scale_factor')
  }
}

/** LitEma keeps its averages under the names without their dots. */
function averaged(tensors: Tensors, plain: Tensors): Tensors {
  if (![...tensors.keys()].some(name => name.startsWith('model_ema.diffusion_model'))) return plain
  const missing: string[] = []
  const found = [...plain.keys()].flatMap(name => {
    const average = tensors.get(`model_ema.diffusion_model${name.replaceAll('.', '')}`)
    if (!average) missing.push(name)
    return average ? [[name, average] as const] : []
  })
  if (missing.length > 0)
    throw new EpdError('model-invalid', `the checkpoint has averaged weights, but not of ${firstNames(missing)}`)
  return withOrigin(new Map(found), tensors, name => `model_ema.diffusion_model${name.replaceAll('.', '')}`)
}

/** A config.yaml of CompVis's beside a checkpoint. */
export interface LatentConfig {
  readonly file: string
  readonly config: Readonly<Record<string, unknown>>
}

/** The config.yaml beside a checkpoint; undefined where there is none. @throws EpdError `checkpoint-invalid` */
export async function readLatentConfig(checkpoint: string): Promise<LatentConfig | undefined> {
  const { file, text } = await settingsText(checkpoint)
  if (text === undefined) return undefined
  const invalid = (reason: string, cause?: unknown) =>
    new EpdError('checkpoint-invalid', `${file}: cannot be read as YAML: ${reason}`, { cause })
  let config: unknown
  try {
    const { faults, value } = parseYaml(text.replace(/^\uFEFF/, ''), { merge: false })
    const [fault] = faults
    if (faults.length > 0) throw new Error(fault.message)
    config = value()
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : '', error)
  }
  if (isRecord(config)) return { file, config }
  throw invalid('it holds no mapping')
}

/** A config.yaml beside a checkpoint, if there is one. */
export async function settingsText(checkpoint: string): Promise<{ file: string; text?: string }> {
  const file = join(dirname(checkpoint), 'config.yaml')
  return { file, text: await readTextBeside(file) }
}
