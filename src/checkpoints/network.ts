import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { EpdError } from '../errors.js'
import { readTextBeside } from './beside.js'
import { fileDigest, readCheckpointFile } from './checkpoint.js'
import { isLatent } from './compvis.js'
import { familyOf } from './families.js'
import type { Content, Format } from './format.js'
import { readContent } from './formats.js'
import { parseJson } from './json.js'
import { describedModule, moduleState } from './module-state.js'
import { chosen } from './selection.js'
import { candidates, described, isModule, type Candidate, type Tensors } from './state-dict.js'
import { field, isMap, isObject, isRecord, type NetworkCheckpoint, type Tree } from './tensor.js'

/** A network's tensors without a word of its class. */
export type StateDict = Pick<NetworkCheckpoint, 'tensors'>

export interface NetworkOptions {
  /**
   * Selects one of a file's networks: the key that leads to it, or the beginning that the names of all its tensors
   * share. It is needed where there are several.
   */
  readonly weights?: string
  /** Whether tensors tell by themselves what network they are of, so that none has to describe it; default: never. */
  readonly isTold?: (tensors: Tensors) => boolean
  /** The formats that the file may have; default: all. */
  readonly formats?: readonly Format[]
}

/**
 * Reads the network of a checkpoint file of any format. It is one of these:
 * - the `ema` network of a snapshot of EDM's;
 * - a saved module, or a state dict, alone or under a key (`state_dict`, `model`, `ema`, ...);
 * - either of them with a config.json beside the file that holds `class_name` and `init_kwargs`.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`
 */
export async function readNetworkCheckpoint(
  path: string,
  { weights, isTold = () => false, formats }: NetworkOptions = {}
): Promise<NetworkCheckpoint | StateDict> {
  const content = readContent({ bytes: await readCheckpointFile(path), path }, formats)
  if (content.kind === 'tensors') return tensorsAlone(content, path, weights, isTold)
  const { tree } = content
  if (isSnapshot(tree) && (weights ?? 'ema') === 'ema') return edmNetwork(tree, path)
  const found = candidates(tree, module => moduleState(module, path))
  if (found.length === 0) throw noNetwork(tree, path)
  const network = chosen(found, weights, path)
  const kwargs = network.module && field(network.module, '_init_kwargs')
  if (network.module && isMap(kwargs)) return describedModule(network.module, kwargs, path)
  const tensors = known(network, path)
  const config = await readConfig(path)
  return isRecord(config) && 'class_name' in config ? { ...required(config, path), tensors } : { tensors }
}

/** A format that holds nothing but tensors needs a config.json, unless the tensors tell enough. */
async function tensorsAlone(
  { tensors: all }: Extract<Content, { kind: 'tensors' }>,
  path: string,
  weights: string | undefined,
  isTold: (tensors: Tensors) => boolean
): Promise<NetworkCheckpoint | StateDict> {
  const own: Candidate = { path: [], tensors: all, strange: new Map() }
  const tensors = known(chosen([own], weights, path), path)
  const config = await readConfig(path)
  if (isLatent(tensors) || (config === undefined && isTold(tensors))) return { tensors }
  return { ...required(config, path), tensors }
}

/** The tensors of a network, unless they are of a family that cannot be run. @throws EpdError `model-invalid` */
function known({ tensors }: Candidate, path: string): Tensors {
  const family = familyOf(tensors, isLatent(tensors))
  if (family !== undefined) throw new EpdError('model-invalid', `${path}: ${family}`)
  return tensors
}

/** Whether a file is a snapshot of EDM's, which keeps its averaged network as an object. */
function isSnapshot(tree: Tree): boolean {
  const network = isMap(tree) ? tree.get('ema') : undefined
  return isObject(network) && (isMap(field(network, '_init_kwargs')) || !isModule(network))
}

function noNetwork(tree: Tree, path: string): EpdError {
  return new EpdError(
    'checkpoint-invalid',
    `${path}: no network in it; it holds ${described(tree)}, where a state dict (names of layers with their tensors, ` +
      'by itself or under a key), a saved module or an EDM snapshot\'s "ema" was expected'
  )
}

function edmNetwork(tree: Tree, path: string): NetworkCheckpoint {
  const network = isMap(tree) ? tree.get('ema') : undefined
  const invalid = (what: string) =>
    new EpdError('checkpoint-invalid', `${path}: ${what}; expected an EDM snapshot with a network under "ema"`)
  if (!isObject(network)) throw invalid('no network in it')
  const kwargs = field(network, '_init_kwargs')
  if (!isMap(kwargs)) throw invalid('a network without its arguments')
  return describedModule(network, kwargs, path)
}

/**
 * Reads the tensors of a file that holds one network.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`
 */
export async function readTensors(path: string): Promise<Tensors> {
  const content = readContent({ bytes: await readCheckpointFile(path), path })
  if (content.kind === 'tensors') return content.tensors
  const found = candidates(content.tree, module => moduleState(module, path))
  if (found.length > 0) return chosen(found, undefined, path).tensors
  throw new EpdError(
    'checkpoint-invalid',
    `${path}: holds no state dict, but ${described(content.tree)}; expected a mapping of names to tensors`
  )
}

/** The SHA-256 of all that readNetworkCheckpoint reads. @throws EpdError `checkpoint-missing` */
export async function checkpointDigest(path: string): Promise<string> {
  const hash = createHash('sha256').update(await fileDigest(path))
  return hash.update((await readConfigText(path)) ?? '').digest('hex')
}

function configPath(path: string): string {
  return join(dirname(path), 'config.json')
}

function readConfigText(path: string): Promise<string | undefined> {
  return readTextBeside(configPath(path))
}

/** The config.json beside a checkpoint; undefined where there is none. @throws EpdError `checkpoint-invalid` */
async function readConfig(path: string): Promise<unknown> {
  const text = await readConfigText(path)
  if (text === undefined) return undefined
  try {
    return parseJson(text)
  } catch (error) {
    throw new EpdError('checkpoint-invalid', `${configPath(path)}: is not a JSON object`, { cause: error })
  }
}

/**
 * The class and the arguments that a config.json must name.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`
 */
function required(config: unknown, path: string): Pick<NetworkCheckpoint, 'className' | 'initKwargs'> {
  const file = configPath(path)
  if (config === undefined)
    throw new EpdError('checkpoint-missing', `${file}: cannot be read; ${path} needs it beside it`)
  const { class_name: className, init_kwargs: initKwargs } = isRecord(config) ? config : {}
  if (typeof className === 'string' && isRecord(initKwargs)) return { className, initKwargs }
  throw new EpdError('checkpoint-invalid', `${file}: needs class_name (a text) and init_kwargs (a mapping)`)
}
