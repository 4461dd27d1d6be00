import { createRequire } from 'node:module'
import type { Missing, Provider } from '../engine.js'

/** A backend of TensorFlow.js. */
export interface TfjsProvider extends Provider {
  /** The package that registers the backend. */
  readonly package: string
  /** The backend's name within TensorFlow.js. */
  readonly backend: string
}

/** What every provider has in common. TensorFlow.js can be told neither a precision nor a device. */
const COMMON = {
  precisions: ['float32'],
  hasDevices: false,
  batchInvariant: false,
  opensLate: false
} as const

/** TensorFlow's C library on an NVIDIA GPU. */
const tensorflowGpu: TfjsProvider = {
  ...COMMON,
  name: 'tensorflow-gpu',
  rank: 20,
  gpu: true,
  isTried: true,
  package: '@tensorflow/tfjs-node-gpu',
  backend: 'tensorflow',
  missing: () => missingPackages('@tensorflow/tfjs-node-gpu')
}

/** TensorFlow's C library on the CPU. It is behind ONNX Runtime's CPU provider. */
const tensorflow: TfjsProvider = {
  ...COMMON,
  name: 'tensorflow',
  rank: 50,
  gpu: false,
  isTried: true,
  package: '@tensorflow/tfjs-node',
  backend: 'tensorflow',
  missing: () => missingPackages('@tensorflow/tfjs-node')
}

const wasm: TfjsProvider = {
  ...COMMON,
  name: 'wasm',
  rank: 60,
  gpu: false,
  isTried: false,
  package: '@tensorflow/tfjs-backend-wasm',
  backend: 'wasm',
  missing: () => missingPackages('@tensorflow/tfjs-backend-wasm')
}

const cpu: TfjsProvider = {
  ...COMMON,
  name: 'cpu',
  rank: 70,
  gpu: false,
  isTried: false,
  package: '@tensorflow/tfjs-backend-cpu',
  backend: 'cpu',
  missing: () => missingPackages('@tensorflow/tfjs-backend-cpu')
}

export const PROVIDERS: readonly TfjsProvider[] = [tensorflowGpu, tensorflow, wasm, cpu]

const require = createRequire(import.meta.url)

function missingPackages(backend: string): Missing | undefined {
  const absent = ['@tensorflow/tfjs-core', backend].filter(name => !isInstalled(name))
  if (absent.length === 0) return undefined
  return { reason: `${absent.join(' and ')} is not installed`, wayOut: `npm install ${absent.join(' ')}` }
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(`${name}/package.json`)
    return true
  } catch {
    return false
  }
}
