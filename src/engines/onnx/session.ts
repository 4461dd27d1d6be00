import { availableParallelism } from 'node:os'
import type { NetworkThread } from '../engine.js'
import { openWorker, type Session } from '../session.js'
import { cpu, type OnnxProvider } from './providers.js'

// ONNX Runtime otherwise keeps notes on its use in ~/.cache/Microsoft, and sends them to Microsoft. It reads the
// variable as it is loaded, in a thread whose own process.env would not reach it.
process.env.ORT_DISABLE_TELEMETRY ??= '1'

export interface SessionOptions {
  /** The .onnx file, or its bytes. */
  readonly path: string | Uint8Array
  /** Where the weights stand that the bytes of a graph name. */
  readonly folder?: string
  /** Threads within an operation; default: all cores. Never changes a bit of the result. */
  readonly threads?: number
  /** Default: the CPU. */
  readonly provider?: OnnxProvider
  /** Which of several GPUs. */
  readonly device?: number
  /** Whether the CPU multiplies in bfloat16, where it can (ARM). */
  readonly bfloat16?: boolean
}

/** @throws EpdError `engine-failed` if ONNX Runtime does not load or refuses the graph */
export function openSession(options: SessionOptions): Promise<Session> {
  for (const [name, value] of Object.entries(options.provider?.environment ?? {})) process.env[name] ??= value
  return openWorker({ engine: 'ONNX Runtime', ...sessionThread(options) })
}

/** The thread that runs a session. */
export function sessionThread(options: SessionOptions): NetworkThread {
  const { path, folder, threads = availableParallelism(), provider = cpu, device = 0, bfloat16 = false } = options
  return {
    script: new URL('./worker.js', import.meta.url),
    settings: { path, folder, threads, provider: provider.execution(device), bfloat16 }
  }
}
