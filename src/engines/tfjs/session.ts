import { openWorker, type Session } from '../session.js'
import type { Program } from './program.js'

export interface TfjsOptions {
  readonly program: Program
  /** tensorflow: its C library, by tfjs-node-gpu or tfjs-node. */
  readonly provider: 'tensorflow-gpu' | 'tensorflow' | 'wasm' | 'cpu'
}

/** @throws EpdError `engine-failed` if TensorFlow.js or its backend does not load */
export function openTfjs({ program, provider }: TfjsOptions): Promise<Session> {
  return openWorker({
    engine: `TensorFlow.js (${provider})`,
    script: new URL('./worker.js', import.meta.url),
    settings: { program, provider }
  })
}
