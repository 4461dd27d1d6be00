import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EpdError } from '../errors.js'
import { fileDigest, readCheckpointBytes, readCheckpointFile } from './checkpoint.js'
import { isLatent } from './compvis.js'
import { parseJson } from './json.js'
import { isSafetensors, readSafetensors } from './safetensors.js'
import { readZip } from './zip.js'
import {
  field,
  isList,
  isMap,
  isObject,
  isRecord,
  isTensor,
  type NetworkCheckpoint,
  type TaggedObject,
  type Tensor,
  type Tree
} from './tensor.js'

/**
 * The network in a checkpoint file: an EDM snapshot (.pkl, its `ema` network); a state dict alone (.pt, .pth) or under `state_dict` (.ckpt, also
 * as the one .ckpt of a .zip), whose class its tensors tell; or either of that and .safetensors with a config.json beside it that holds `class_name` and `init_kwargs`.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`
 */
export async function readNetworkCheckpoint(path: string): Promise<NetworkCheckpoint | StateDict> {
  const bytes = unzipped(await readCheckpointFile(path), path)
  if (isSafetensors(bytes)) {
    const tensors = readSafetensors(bytes, path)
    // A whole latent diffusion model has no config.json of its own.
    return isLatent(tensors) ? { tensors } : { ...required(await readConfig(path), path), tensors }
  }
  const tree = readCheckpointBytes(bytes, path)
  const tensors = stateDictOf(tree) ?? trainedState(tree)
  if (!tensors) return edmNetwork(tree, path)
  const config = await readConfig(path)
  return isRecord(config) && 'class_name' in config ? { ...required(config, path), tensors } : { tensors }
}

/** The one .ckpt in a .zip, as latent diffusion is published; all else as it is. */
function unzipped(bytes: Buffer, path: string): Buffer {
  if (bytes.subarray(0, 4).toString('latin1') !== 'PK\x03\x04') return bytes
  const zip = readZip(bytes, path)
  const inner = zip.names.filter(name => name.endsWith('.ckpt'))
  return inner.length === 1 ? (zip.read(inner[0]) ?? bytes) : bytes
}

/** The tensors under `state_dict`, as PyTorch Lightning saves a model on its way. */
function trainedState(tree: Tree): StateDict['tensors'] | undefined {
  const state = isMap(tree) ? tree.get('state_dict') : undefined
  if (!isMap(state)) return undefined
  return stateDictOf(new Map([...state].filter(([, value]) => isTensor(value))))
}

/** The tensors of a file that holds nothing but them: .safetensors, .pt or .pth. @throws EpdError `checkpoint-missing`, `checkpoint-invalid` */
export async function readTensors(path: string): Promise<StateDict['tensors']> {
  const bytes = await readCheckpointFile(path)
  const tensors = isSafetensors(bytes) ? readSafetensors(bytes, path) : stateDictOf(readCheckpointBytes(bytes, path))
  if (tensors) return tensors
  throw new EpdError('checkpoint-invalid', `${path}: holds no state dict; expected a mapping of names to tensors`)
}

/** SHA-256 of all that readNetworkCheckpoint reads. @throws EpdError `checkpoint-missing` */
export async function checkpointDigest(path: string): Promise<string> {
  const hash = createHash('sha256').update(await fileDigest(path))
  return hash.update((await readConfigText(path)) ?? '').digest('hex')
}

/** A network's tensors without a word of its class. */
export type StateDict = Pick<NetworkCheckpoint, 'tensors'>

/** A dictionary of tensors alone; undefined for all else. */
export function stateDictOf(tree: Tree): StateDict['tensors'] | undefined {
  if (!isMap(tree) || tree.size === 0) return undefined
  const tensors = new Map<string, Tensor>()
  for (const [name, value] of tree) {
    if (typeof name !== 'string' || !isTensor(value)) return undefined
    tensors.set(name, value)
  }
  return tensors
}

/**
 * The tensors of a saved module, by their names in its state dict: of TorchScript's archive, alone or as bytes within a pickle,
 * or of a module in a pickle. Undefined for all else.
 * @throws EpdError `checkpoint-invalid`
 */
export function moduleTensors(tree: Tree, path: string): StateDict['tensors'] | undefined {
  const archive = isObject(tree) && isScripted(tree) ? undefined : archiveWithin(tree)
  const module = archive ? readCheckpointBytes(archive, path) : tree
  if (!isObject(module)) return undefined
  const tensors = stateDict(module, () => new EpdError('checkpoint-invalid', `${path}: is no network`))
  return tensors.size > 0 ? tensors : undefined
}

/** The first bytes in a tree that are a zip archive. */
function archiveWithin(tree: Tree): Buffer | undefined {
  const seen = new Set<Tree>()
  const waiting = [tree]
  for (let next = waiting.pop(); next !== undefined && seen.size < MAX_PARTS; next = waiting.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    if (next instanceof Uint8Array) {
      const bytes = Buffer.from(next.buffer, next.byteOffset, next.byteLength)
      if (bytes.subarray(0, 4).toString('latin1') === 'PK\x03\x04') return bytes
    } else if (isList(next)) waiting.push(...next)
    else if (isMap(next)) waiting.push(...next.values())
    else if (isObject(next)) waiting.push(next.state, ...next.args)
  }
  return undefined
}

function edmNetwork(tree: Tree, path: string): NetworkCheckpoint {
  const network = isMap(tree) ? tree.get('ema') : undefined
  const invalid = (what: string) =>
    new EpdError('checkpoint-invalid', `${path}: ${what}; expected an EDM snapshot with a network under "ema"`)
  if (!isObject(network)) throw invalid('no network in it')
  const kwargs = field(network, '_init_kwargs')
  if (!isMap(kwargs)) throw invalid('a network without its arguments')
  const tooLarge = () => invalid('a network of more parts than any has')
  return {
    className: network.className.split('.').at(-1) ?? '',
    initKwargs: plainRecord(kwargs, tooLarge),
    tensors: stateDict(network, tooLarge)
  }
}

/** More modules and arguments than any network has; parts that hold one another many times over would come to more. */
const MAX_PARTS = 100_000

/** Parameters and buffers of a module and all within it, under the names of its state dict. */
function stateDict(network: TaggedObject, tooLarge: () => EpdError): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>()
  let parts = 0
  const collect = (module: TaggedObject, prefix: string) => {
    if (++parts > MAX_PARTS) throw tooLarge()
    for (const [key, value] of members(module)) {
      const name = `${prefix}${nameOf(key)}`
      if (isTensor(value)) tensors.set(name, value)
      else if (isObject(value)) collect(value, `${name}.`)
    }
  }
  collect(network, '')
  return tensors
}

/** A module's tensors and the modules within it, by name. TorchScript keeps them as fields, Python in three dictionaries. */
function members(module: TaggedObject): readonly (readonly [Tree, Tree])[] {
  if (isScripted(module)) return isMap(module.state) ? [...module.state] : []
  return ['_parameters', '_buffers', '_modules'].flatMap(group => {
    const entries = field(module, group)
    return isMap(entries) ? [...entries] : []
  })
}

function isScripted({ className }: TaggedObject): boolean {
  return className.startsWith('__torch__.')
}

/** Arguments as JSON has them; null for what it cannot hold. */
function plainRecord(kwargs: ReadonlyMap<Tree, Tree>, tooLarge: () => EpdError): Record<string, unknown> {
  let parts = 0
  const plain = (value: Tree): unknown => {
    if (++parts > MAX_PARTS) throw tooLarge()
    if (isList(value)) return value.map(plain)
    if (isMap(value)) return record(value)
    return typeof value === 'object' || typeof value === 'bigint' ? null : value
  }
  const record = (map: ReadonlyMap<Tree, Tree>) =>
    Object.fromEntries([...map].map(([name, value]) => [nameOf(name), plain(value)]))
  return record(kwargs)
}

function nameOf(key: Tree): string {
  return typeof key === 'string' ? key : ''
}

function configPath(path: string): string {
  return join(dirname(path), 'config.json')
}

async function readConfigText(path: string): Promise<string | undefined> {
  return readFile(configPath(path), 'utf8').catch(() => undefined)
}

/** What stands beside a checkpoint; undefined where nothing does. */
async function readConfig(path: string): Promise<unknown> {
  const text = await readConfigText(path)
  if (text === undefined) return undefined
  try {
    return parseJson(text)
  } catch (error) {
    throw new EpdError('checkpoint-invalid', `${configPath(path)}: is not a JSON object`, { cause: error })
  }
}

function required(config: unknown, path: string): Pick<NetworkCheckpoint, 'className' | 'initKwargs'> {
  const file = configPath(path)
  if (config === undefined)
    throw new EpdError('checkpoint-missing', `${file}: cannot be read; ${path} needs it beside it`)
  const { class_name: className, init_kwargs: initKwargs } = isRecord(config) ? config : {}
  if (typeof className === 'string' && isRecord(initKwargs)) return { className, initKwargs }
  throw new EpdError('checkpoint-invalid', `${file}: needs class_name (a text) and init_kwargs (a mapping)`)
}
