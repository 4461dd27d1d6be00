import type { DigestedFile } from '../files/verified.js'
import type { Recipe, Tensors } from './recipe.js'
import type { Session } from './session.js'

/** What images are computed in. */
export type Precision = 'float32' | 'float16' | 'bfloat16'

/** Why a provider is not there, and what to do about it. */
export interface Missing {
  readonly reason: string
  readonly wayOut: string
}

/** What does an engine's work: a kind of device with its libraries. */
export interface Provider {
  readonly name: string
  /** Its position by speed among the providers of all engines: `auto` takes the lowest that works. */
  readonly rank: number
  /** The precisions that it has kernels of its own for. */
  readonly precisions: readonly Precision[]
  /** Whether it is a GPU, with memory of its own. */
  readonly gpu: boolean
  /** Whether it can be told which of several GPUs to take. */
  readonly hasDevices: boolean
  /** Whether a sample's bits are the same in any batch, on any number of threads; tests hold it. */
  readonly batchInvariant: boolean
  /**
   * Whether it may fail, or end its process, though nothing is missing: it is tried in a process of its own before it
   * is used.
   */
  readonly isTried: boolean
  /**
   * Whether a session is started only when it is first asked: it opens any network, so that no other provider need be
   * found.
   */
  readonly opensLate: boolean
  /** What must stand in the environment of its process before its libraries load. */
  readonly environment?: Readonly<Record<string, string>>
  /** What of it is not on this machine; undefined where nothing is missing. */
  readonly missing: () => Missing | undefined
}

/** A network of this project: its recipe with where its weights are. */
export interface NetworkSource {
  readonly recipe: Recipe
  /** The checkpoint's tensors, read when they are needed. */
  readonly tensors: () => Promise<Tensors>
  /** Names recipe and tensors: others have another name. */
  readonly content: string
  /** Folder of compiled graphs. */
  readonly cacheDir: string
}

/** An ONNX file of somebody else's, as it is. */
export interface OnnxFile {
  readonly onnx: string
  /** It and the files of its weights, with what they held when they were named. */
  readonly files: readonly DigestedFile[]
}

/** How a network is run on a provider. */
export interface RunSettings {
  readonly precision: Precision
  /** GPUs by their numbers, between which each batch is split. */
  readonly devices: readonly number[]
  /** Threads of an operation on a CPU; default: all cores. No result depends on it. */
  readonly threads?: number
  /** Told of a device whose memory is full, and of a compiled graph that is damaged and made anew. */
  readonly onNote?: (message: string) => void
}

/** A thread that runs a network: its script, which answers as `serve.js` does, and what the script is told. */
export interface NetworkThread {
  readonly script: URL
  /** Plain data. */
  readonly settings: Readonly<Record<string, unknown>>
  /** The bytes that settings name as `path`, where there are some. */
  readonly graph?: Uint8Array
}

/** What runs networks: one folder of engines/, one adapter. P is all that the engine needs to know of a provider. */
export interface Engine<P extends Provider = Provider> {
  readonly name: string
  /** The package whose version is noted with what it computes. */
  readonly package: string
  readonly providers: readonly P[]
  /** @throws EpdError `engine-failed`, `model-invalid` */
  readonly open: (network: NetworkSource, provider: P, settings: RunSettings) => Promise<Session>
  /** Opens an ONNX file, where the engine reads such files. @throws EpdError `engine-failed`, `checkpoint-invalid` */
  readonly openFile?: (file: OnnxFile, provider: P, settings: RunSettings) => Promise<Session>
  /** The thread that a provider is tried with: it runs a recipe that reads no parameters. */
  readonly trial: (recipe: Recipe, provider: P) => Promise<NetworkThread>
}

/** An engine on one of its providers. */
export interface Runner {
  /** engine:provider, as stage keys and people know it. */
  readonly name: string
  readonly engine: string
  /** The engine's package. */
  readonly package: string
  readonly provider: Provider
  readonly open: (network: NetworkSource, settings: RunSettings) => Promise<Session>
  readonly openFile?: (file: OnnxFile, settings: RunSettings) => Promise<Session>
  readonly trial: (recipe: Recipe) => Promise<NetworkThread>
}

/** An engine on each of its providers. */
export function runnersOf<P extends Provider>(engine: Engine<P>): Runner[] {
  const { name, open, openFile, trial } = engine
  return engine.providers.map(provider => ({
    name: `${name}:${provider.name}`,
    engine: name,
    package: engine.package,
    provider,
    open: (network, settings) => open(network, provider, settings),
    openFile: openFile && ((file, settings) => openFile(file, provider, settings)),
    trial: recipe => trial(recipe, provider)
  }))
}
