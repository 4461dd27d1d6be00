import { EpdError } from '../errors.js'
import { availability } from './availability.js'
import { COMPILER_VERSION, record } from './onnx/compile.js'
import { ChangedFile, openVerified, type DigestedFile } from '../files/verified.js'
import { compiledGraph, type Compiled } from './onnx/compiled.js'
import { CPU, type Target } from './onnx/recorder.js'
import { pooled } from './pool.js'
import { candidates, isBatchInvariant, nameOf, type EngineOptions, type Precision, type Runner } from './provider.js'
import type { Recipe, Tensors } from './recipe.js'
import type { Session } from './session.js'

export interface NetworkOptions extends RunnerOptions {
  readonly recipe: Recipe
  /** The checkpoint's tensors, read when they are needed. */
  readonly tensors: () => Promise<Tensors>
  /** What names recipe and tensors: others, another name. */
  readonly content: string
  /** Folder of compiled graphs. */
  readonly cacheDir: string
}

/** An ONNX file of somebody else's, as it is. */
export interface OnnxFile extends RunnerOptions {
  readonly onnx: string
  /** It and the files of its weights, with what they held when they were named. */
  readonly files: readonly DigestedFile[]
}

interface RunnerOptions extends EngineOptions {
  /** Threads of ONNX Runtime on a CPU; default: all cores. No result depends on it. */
  readonly threads?: number
  /** Told of a runner that is there but fails, and of a device whose memory is full. */
  readonly onNote?: (message: string) => void
}

/** A network on the runner that was found for it. */
export interface OpenedNetwork {
  /** What the bits of its answers depend on beside graph and weights: engine, provider, precision. */
  readonly engine: string
  /** Whether a sample's bits are the same in any batch. */
  readonly batchInvariant: boolean
  /** Devices that it runs on side by side. */
  readonly devices: number
  /** Started at the first call, where that cannot fail for want of a device; else it is running. */
  readonly session: () => Promise<Session>
  /** Ends the session, if it was started. */
  readonly close: () => Promise<void>
}

/**
 * Opens a network on the fastest of the runners that the options allow. One that is missing is passed over, one that fails too, and told of.
 * @throws EpdError `engine-failed` if none is left: why each is out, and what to install
 */
export async function openNetwork(options: NetworkOptions | OnnxFile): Promise<OpenedNetwork> {
  const { precision = 'float32', devices = [0], onNote = () => undefined } = options
  const own = 'recipe' in options
  const allowed = candidates(options).filter(({ engine }) => own || engine === 'onnx')
  const reasons: string[] = []
  for (const runner of allowed) {
    let session: Promise<Session> | undefined
    const open = () => (session ??= openOn(runner, precision, devices, options))
    const network: OpenedNetwork = {
      engine: `${nameOf(runner)}:${precision}`,
      batchInvariant: own && isBatchInvariant(runner),
      devices: devices.length,
      session: open,
      close: async () => {
        await (await session)?.close()
      }
    }
    const found = await availability(runner)
    const refuse = (reason: string) => {
      reasons.push(`${nameOf(runner)}: ${reason}`)
    }
    if (!found.works) {
      refuse(`${found.reason} (${found.wayOut})`)
      if (found.broken) onNote(`${nameOf(runner)} does not work here: ${found.reason}; ${found.wayOut}`)
      continue
    }
    if (runner.engine === 'onnx' && runner.provider === 'cpu') return network
    try {
      await open()
      return network
    } catch (error) {
      if (!(error instanceof EpdError && error.code === 'engine-failed')) throw error
      refuse(error.message)
      onNote(`${nameOf(runner)} does not open the network: ${error.message}`)
    }
  }
  throw noneLeft(options, reasons)
}

function noneLeft(
  { engine = 'auto', provider, precision = 'float32', devices }: EngineOptions,
  reasons: readonly string[]
): EpdError {
  if (reasons.length > 0)
    return new EpdError('engine-failed', `no engine is left to run the network; ${reasons.join('; ')}`)
  const asked = [
    `engine ${engine}`,
    provider && `provider ${provider}`,
    `precision ${precision}`,
    devices && 'a choice of devices'
  ]
  return new EpdError('engine-failed', `nothing offers ${asked.filter(Boolean).join(' with ')}`, {
    wayOut: 'list-engines'
  })
}

async function openOn(
  runner: Runner,
  precision: Precision,
  devices: readonly number[],
  options: NetworkOptions | OnnxFile
): Promise<Session> {
  const { onNote } = options
  if (runner.engine === 'tfjs' && 'recipe' in options) {
    const { program } = await import('./tfjs/compile.js')
    const { openTfjs } = await import('./tfjs/session.js')
    const { provider } = runner
    return pooled([await openTfjs({ program: program(options.recipe, await options.tensors()), provider })], onNote)
  }
  const provider = onnxProvider(runner)
  const target: Target =
    provider === 'cpu' ? CPU : { provider, precision: precision === 'float16' ? precision : 'float32' }
  const { open } = 'recipe' in options ? await compiledNetwork(options, target) : others(options)
  if (provider === 'cpu') return open({ threads: options.threads, bfloat16: precision === 'bfloat16' })
  return pooled(await Promise.all(devices.map(device => open({ provider, device }))), onNote)
}

/** A file of somebody else's, run only if it still is the one that was named. */
function others({ onnx, files }: OnnxFile): Pick<Compiled<unknown>, 'open'> {
  return {
    async open(settings) {
      const { openSession } = await import('./onnx/session.js')
      try {
        return await openVerified(files, () => openSession({ ...settings, path: onnx }))
      } catch (error) {
        if (!(error instanceof ChangedFile)) throw error
        throw new EpdError('checkpoint-invalid', `${error.path}: has changed since this run began; run again`)
      }
    }
  }
}

function onnxProvider(runner: Runner) {
  if (runner.engine === 'onnx') return runner.provider
  throw new RangeError('an ONNX file runs on ONNX Runtime alone')
}

/** A network's graph, compiled once. bfloat16 is a way to multiply, not to write weights down. */
export function compiledNetwork(
  {
    recipe,
    tensors,
    content,
    cacheDir,
    onNote
  }: Pick<NetworkOptions, 'recipe' | 'tensors' | 'content' | 'cacheDir' | 'onNote'>,
  target: Target = CPU
): Promise<Compiled<unknown>> {
  const { provider, precision } = target
  const variant = target === CPU ? '' : `-${provider}-${precision}`
  const name = `${content}-${COMPILER_VERSION}${variant}`
  return compiledGraph({ folder: cacheDir, name, onNote, make: async () => record(recipe, await tensors(), target) })
}
