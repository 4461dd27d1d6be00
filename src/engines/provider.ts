/** What a network can run on: an engine with what does its work there. */
export type Runner =
  | { readonly engine: 'onnx'; readonly provider: 'cuda' | 'webgpu' | 'cpu' }
  | { readonly engine: 'tfjs'; readonly provider: 'tensorflow-gpu' | 'tensorflow' | 'wasm' | 'cpu' }

/** What images are computed in. */
export type Precision = 'float32' | 'float16' | 'bfloat16'

/** What a network runs on. What is left out is chosen: the fastest that loads, in float32. */
export interface EngineOptions {
  /** Default: auto, the fastest that loads. */
  readonly engine?: 'auto' | 'onnx' | 'tfjs'
  /** Default: the engine's fastest that loads. */
  readonly provider?: Runner['provider']
  /** Default: float32. */
  readonly precision?: Precision
  /** GPUs by their numbers, between which each batch is split; default: the first. */
  readonly devices?: readonly number[]
}

/** All of them, the fastest first. TensorFlow's CPU library is behind ONNX Runtime's. */
export const RUNNERS: readonly Runner[] = [
  { engine: 'onnx', provider: 'cuda' },
  { engine: 'tfjs', provider: 'tensorflow-gpu' },
  { engine: 'onnx', provider: 'webgpu' },
  { engine: 'onnx', provider: 'cpu' },
  { engine: 'tfjs', provider: 'tensorflow' },
  { engine: 'tfjs', provider: 'wasm' },
  { engine: 'tfjs', provider: 'cpu' }
]

/** Those that options allow, the fastest first. */
export function candidates({ engine = 'auto', provider, precision = 'float32', devices }: EngineOptions): Runner[] {
  return RUNNERS.filter(
    runner =>
      (engine === 'auto' || runner.engine === engine) &&
      (provider === undefined || runner.provider === provider) &&
      gains(runner, precision) &&
      (devices === undefined || hasDevices(runner))
  )
}

/**
 * Whether a provider has kernels of its own for a precision. ONNX Runtime's CPU provider computes half precision in single, and multiplies
 * bfloat16 on ARM alone.
 */
function gains({ engine, provider }: Runner, precision: Precision): boolean {
  if (precision === 'float32') return true
  if (engine !== 'onnx') return false
  return precision === 'float16' ? provider !== 'cpu' : provider === 'cpu' && process.arch === 'arm64'
}

/** Whether it can be told which GPU to take. */
function hasDevices({ engine, provider }: Runner): boolean {
  return engine === 'onnx' && provider === 'cuda'
}

/** As stage keys and people know it. */
export function nameOf({ engine, provider }: Runner): string {
  return `${engine}:${provider}`
}

/** Whether a sample's bits are the same in any batch, on any number of threads; tests hold it. */
export function isBatchInvariant({ engine, provider }: Runner): boolean {
  return engine === 'onnx' && provider === 'cpu'
}
