import { availableParallelism } from 'node:os'
import { openWorker, type Session } from '../session.js'

export interface SessionOptions {
  /** The .onnx file, or its bytes. */
  readonly path: string | Uint8Array
  /** Threads within an operation; default: all cores. Never changes a bit of the result. */
  readonly threads?: number
  /** Default: cpu. */
  readonly provider?: 'cuda' | 'webgpu' | 'cpu'
  /** Which of several GPUs. */
  readonly device?: number
  /** Whether the CPU multiplies in bfloat16, where it can (ARM). */
  readonly bfloat16?: boolean
  /** Whether the file is the user's own, which nothing here could make again. */
  readonly foreign?: boolean
}

/** @throws EpdError `engine-failed` if ONNX Runtime does not load or refuses the graph */
export function openSession(options: SessionOptions): Promise<Session> {
  const {
    path,
    threads = availableParallelism(),
    provider = 'cpu',
    device = 0,
    bfloat16 = false,
    foreign = false
  } = options
  // Else cuBLAS and cuDNN round what they multiply to 10 bits; it must stand in the process's environment before they load.
  if (provider === 'cuda') process.env.NVIDIA_TF32_OVERRIDE ??= '0'
  return openWorker({
    engine: 'ONNX Runtime',
    script: new URL('./worker.js', import.meta.url),
    settings: { path, threads, provider, device, bfloat16 },
    wayOut: typeof path === 'string' && !foreign ? `; if ${path} is damaged, delete it to have it compiled again` : ''
  })
}
