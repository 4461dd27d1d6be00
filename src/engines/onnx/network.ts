import type { NetworkSource, NetworkThread, RunSettings } from '../engine.js'
import { pooled } from '../pool.js'
import type { Recipe } from '../recipe.js'
import type { Session } from '../session.js'
import { CPU, type Target } from './builder.js'
import { COMPILER_VERSION, record } from './compile.js'
import { compiledGraph, type Compiled } from './compiled.js'
import { encodeModel } from './proto.js'
import type { OnnxProvider } from './providers.js'
import { OPSET } from './recorder.js'
import { sessionThread, type SessionOptions } from './session.js'

/** Opens a network of this project on each of the devices. */
export async function openNetwork(
  network: NetworkSource,
  provider: OnnxProvider,
  settings: RunSettings
): Promise<Session> {
  const precision = settings.precision === 'float16' ? settings.precision : 'float32'
  const { open } = await compiledNetwork({ ...network, onNote: settings.onNote }, { provider, precision })
  return onDevices(provider, settings, open)
}

/** One session on a CPU; on GPUs one for each, between which batches are shared out. */
export async function onDevices(
  provider: OnnxProvider,
  { precision, devices, threads, onNote }: RunSettings,
  open: (settings: Omit<SessionOptions, 'path' | 'folder'>) => Promise<Session>
): Promise<Session> {
  if (!provider.gpu) return open({ provider, threads, bfloat16: precision === 'bfloat16' })
  return pooled(await Promise.all(devices.map(device => open({ provider, device }))), onNote)
}

/** A network's graph, compiled once. bfloat16 is a way to multiply, not to write weights down. */
export function compiledNetwork(
  { recipe, tensors, content, cacheDir, onNote }: NetworkSource & Pick<RunSettings, 'onNote'>,
  target: Target = CPU
): Promise<Compiled<unknown>> {
  const name = `${content}-${COMPILER_VERSION}${variantOf(target)}`
  return compiledGraph({ folder: cacheDir, name, onNote, make: async () => record(recipe, await tensors(), target) })
}

function variantOf({ provider, precision }: Target): string {
  return provider === CPU.provider && precision === CPU.precision ? '' : `-${provider.name}-${precision}`
}

/** The thread that runs a recipe without parameters in single precision. */
export function trial(recipe: Recipe, provider: OnnxProvider): Promise<NetworkThread> {
  const graph = encodeModel({ opset: OPSET, graph: record(recipe, new Map(), { provider, precision: 'float32' }) })
  return Promise.resolve({ ...sessionThread({ path: '', provider, threads: 1 }), graph })
}
