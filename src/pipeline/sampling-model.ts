import { dirname } from 'node:path'
import { EpdError, messageOf } from '../errors.js'
import type { ModelSpec } from '../experiment/experiment.js'
import { readExperiment } from '../experiment/load.js'
import type { PredictorRecord } from '../predictors/record.js'
import { isMapping } from '../reading/plain.js'
import { quote } from '../reading/problem.js'
import { parseYaml } from '../reading/yaml.js'
import type { Run, Store } from '../store/store.js'
import { predictorNamed, predictorsIn } from './predictors.js'

/** A predictor with the run that distilled it, if one of the store has. */
export interface Learned {
  /** Its name, in which a run stands by its whole id. */
  readonly name: string
  readonly record: PredictorRecord
  readonly run?: Run
}

/** A predictor by its name. @throws EpdError `not-found` */
export function learnedNamed(store: Store, name: string): Learned {
  const record = predictorNamed(store.root, name)
  const slash = name.lastIndexOf('/')
  const isOther = slash < 0 || store.importedPredictor(name) !== undefined
  if (isOther) return { name, record }
  const run = store.run(name.slice(0, slash))
  return { name: `${run.id}${name.slice(slash)}`, record, run }
}

/** A model as a spec writes it, and the folder that its paths start from. */
export interface WrittenModel {
  readonly model: unknown
  readonly baseDir: string
}

/** A model from words: a mapping as a spec has it, or the location of a checkpoint or of an ONNX file. */
export function writtenModel(text: string): WrittenModel {
  const baseDir = process.cwd()
  if (text.trimStart().startsWith('{')) {
    const { faults, value } = parseYaml(text)
    const model = faults.length === 0 ? value() : undefined
    if (isMapping(model)) return { model, baseDir }
    throw new EpdError('usage', `model: expected a location, or a mapping as a spec has it, found ${quote(text)}`, {
      subject: 'model'
    })
  }
  return { model: /\.onnx$/i.test(text) ? { onnx: text } : { checkpoint: text }, baseDir }
}

/** The model that a predictor was distilled for, where a run of the store has it. @throws EpdError `usage` */
export async function modelOf(store: Store, { name, record, run }: Learned): Promise<WrittenModel> {
  const found = run ?? runWith(store, record.model.digest)
  if (!found) {
    const { dataset, shape } = record.model
    const marks = [dataset, shape?.join('x')].filter(mark => mark !== undefined)
    const what = marks.length === 0 ? '' : `, which is for ${marks.join(' ')}`
    throw new EpdError('usage', `the store does not know where the model of predictor ${name} is${what}`, {
      wayOut: 'name-model'
    })
  }
  return { model: await modelIn(found, store.root), baseDir: dirname(found.file) }
}

/** The newest run that has evaluated a model of this digest. */
function runWith(store: Store, digest: string | undefined): Run | undefined {
  if (digest === undefined || !/^[0-9a-f]+$/.test(digest)) return undefined
  const { rows } = store.query(
    `SELECT runs.id FROM runs JOIN run_stages ON run_id = runs.id JOIN stages ON stages.key = stage_key
     WHERE json_extract(provenance, '$.model.digest') = '${digest}' ORDER BY runs.updated DESC LIMIT 1`
  )
  const id = rows.at(0)?.at(0)
  return typeof id === 'string' ? store.run(id) : undefined
}

/** The model of a run's spec, with absolute paths. */
async function modelIn({ id, file, spec, overrides, allowMismatch }: Run, root: string): Promise<ModelSpec> {
  try {
    const predictors = predictorsIn(root)
    const { model } = await readExperiment({ file, text: spec, set: overrides, predictors, allowMismatch })
    return model
  } catch (error) {
    if (!(error instanceof EpdError)) throw error
    const [first] = messageOf(error).split('\n')
    throw new EpdError('usage', `the spec of run ${id}, which knows the model, cannot be read: ${first}`, {
      cause: error,
      wayOut: 'name-model'
    })
  }
}
