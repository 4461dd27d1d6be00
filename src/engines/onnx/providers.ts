import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Missing, Provider } from '../engine.js'

/** An execution provider of ONNX Runtime, with how graphs are written for it. */
export interface OnnxProvider extends Provider {
  /** Its entry in a session's list of execution providers, as plain data. */
  readonly execution: (device: number) => string | { readonly name: string; readonly deviceId: number }
  /** Whether wide convolutions by 3 x 3 are faster on Winograd's tiles. */
  readonly tiles: boolean
  /** Whether its sine and cosine are exact to single precision. Those of WebGPU may be wrong by 2^-11. */
  readonly exactWaves: boolean
}

const require = createRequire(import.meta.url)

export const cuda: OnnxProvider = {
  name: 'cuda',
  rank: 10,
  precisions: ['float32', 'float16'],
  gpu: true,
  hasDevices: true,
  batchInvariant: false,
  isTried: true,
  opensLate: false,
  // Otherwise cuBLAS and cuDNN round what they multiply to 10 bits.
  environment: { NVIDIA_TF32_OVERRIDE: '0' },
  missing: missingCuda,
  execution: device => ({ name: 'cuda', deviceId: device }),
  tiles: false,
  exactWaves: true
}

export const webgpu: OnnxProvider = {
  name: 'webgpu',
  rank: 30,
  precisions: ['float32', 'float16'],
  gpu: true,
  hasDevices: false,
  batchInvariant: false,
  isTried: true,
  opensLate: false,
  missing: () =>
    hasGpu()
      ? undefined
      : {
          reason: 'this machine shows no GPU',
          wayOut: 'install a driver with Vulkan (Linux: /dev/dri or /dev/nvidia0)'
        },
  execution: () => 'webgpu',
  tiles: false,
  exactWaves: false
}

export const cpu: OnnxProvider = {
  name: 'cpu',
  rank: 40,
  // It computes half precision in single, and multiplies bfloat16 on ARM alone.
  precisions: process.arch === 'arm64' ? ['float32', 'bfloat16'] : ['float32'],
  gpu: false,
  hasDevices: false,
  batchInvariant: true,
  isTried: false,
  opensLate: true,
  missing: () => undefined,
  execution: () => 'cpu',
  tiles: true,
  exactWaves: true
}

export const PROVIDERS: readonly OnnxProvider[] = [cuda, webgpu, cpu]

const LIBRARIES = new Map<string, string>([
  ['linux', 'libonnxruntime_providers_cuda.so'],
  ['win32', 'onnxruntime_providers_cuda.dll']
])

function missingCuda(): Missing | undefined {
  const folder = dirname(require.resolve('onnxruntime-node/package.json'))
  const binding = join(folder, 'bin', 'napi-v6')
  const library = LIBRARIES.get(process.platform)
  if (library === undefined || process.arch !== 'x64')
    return { reason: 'it is for Linux and Windows on x64', wayOut: 'take webgpu or cpu' }
  if (!existsSync(join(binding, process.platform, process.arch, library)))
    return {
      reason: `${library} is not installed`,
      wayOut: `node ${join(folder, 'script', 'install.js')} --onnxruntime-node-install=cuda12, with CUDA 12 and cuDNN 9 on the machine`
    }
  return process.platform === 'linux' && !existsSync('/dev/nvidiactl') && !existsSync('/dev/dxg')
    ? { reason: 'this machine shows no NVIDIA GPU', wayOut: 'install the NVIDIA driver' }
    : undefined
}

function hasGpu(): boolean {
  if (process.platform !== 'linux') return true
  return ['/dev/dri', '/dev/nvidiactl', '/dev/dxg'].some(existsSync) || process.env.VK_ICD_FILENAMES !== undefined
}
