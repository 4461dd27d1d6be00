import { EpdError } from '../errors.js'
import { availability } from './availability.js'
import type { NetworkSource, OnnxFile, Runner, RunSettings } from './engine.js'
import { candidates, RUNNERS, type EngineOptions, type RunnerChoice } from './registry.js'
import type { Session } from './session.js'

interface RunnerOptions extends EngineOptions {
  /** Threads of ONNX Runtime on a CPU; default: all cores. No result depends on it. */
  readonly threads?: number
  /** Told of a runner that is there but fails, and of a device whose memory is full. */
  readonly onNote?: (message: string) => void
}

export interface NetworkOptions extends RunnerOptions, NetworkSource {}

export interface OnnxFileOptions extends RunnerOptions, OnnxFile {}

/** A network on the runner that was found for it. */
export interface OpenedNetwork {
  /** What the bits of its answers depend on beside graph and weights: engine, provider, precision. */
  readonly engine: string
  /** What makes other networks run where it does. */
  readonly runner: RunnerChoice
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
 * Opens a network on the fastest of the runners that the options allow. One that is missing is passed over, one that
 * fails too, and told of.
 * @throws EpdError `engine-failed` if none is left: why each is out, and what to install
 */
export function openNetwork(options: NetworkOptions, runners: readonly Runner[] = RUNNERS): Promise<OpenedNetwork> {
  const ways = candidates(options, runners).map((runner): Way => {
    return { runner, start: settings => runner.open(options, settings) }
  })
  return openFirst(ways, options)
}

/**
 * Opens an ONNX file of somebody else's as openNetwork does a network, on the runners that read such files. What it
 * does with a batch is not known, so that its bits may depend on it.
 * @throws EpdError `engine-failed`
 */
export async function openOnnxFile(
  options: OnnxFileOptions,
  runners: readonly Runner[] = RUNNERS
): Promise<OpenedNetwork> {
  const ways = candidates(options, runners).flatMap((runner): Way[] => {
    const { openFile } = runner
    return openFile ? [{ runner, start: settings => openFile(options, settings) }] : []
  })
  return { ...(await openFirst(ways, options)), batchInvariant: false }
}

/** A runner with what starts a session on it. */
interface Way {
  readonly runner: Runner
  readonly start: (settings: RunSettings) => Promise<Session>
}

/** Opens the first way that works. */
async function openFirst(ways: readonly Way[], options: RunnerOptions): Promise<OpenedNetwork> {
  const { precision = 'float32', devices = [0], threads, onNote = () => undefined } = options
  const settings = { precision, devices, threads, onNote }
  const reasons: string[] = []
  for (const way of ways) {
    const { name, provider } = way.runner
    const found = await availability(way.runner)
    if (!found.works) {
      reasons.push(`${name}: ${found.reason} (${found.wayOut})`)
      if (found.broken) onNote(`${name} does not work here: ${found.reason}; ${found.wayOut}`)
      continue
    }
    const network = opened(way, settings, options.devices?.slice(0, 1))
    if (provider.opensLate) return network
    try {
      await network.session()
      return network
    } catch (error) {
      if (!(error instanceof EpdError && error.code === 'engine-failed')) throw error
      reasons.push(`${name}: ${error.message}`)
      onNote(`${name} does not open the network: ${error.message}`)
    }
  }
  throw noneLeft(options, reasons)
}

function opened({ runner, start }: Way, settings: RunSettings, devices?: readonly number[]): OpenedNetwork {
  let session: Promise<Session> | undefined
  return {
    engine: `${runner.name}:${settings.precision}`,
    runner: { engine: runner.engine, provider: runner.provider.name, devices },
    batchInvariant: runner.provider.batchInvariant,
    devices: settings.devices.length,
    session: () => (session ??= start(settings)),
    close: async () => {
      await (await session)?.close()
    }
  }
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
