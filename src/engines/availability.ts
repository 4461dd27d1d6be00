import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { encodeModel } from './onnx/proto.js'
import { OPSET, recorder } from './onnx/recorder.js'
import { nameOf, type Runner } from './provider.js'
import { programRecorder } from './tfjs/program.js'
import type { Graph } from './recipe.js'

/** Whether a runner works here; if not, why, and what to do about it. broken: it is there, but fails. */
export type Availability =
  | { readonly works: true }
  | { readonly works: false; readonly broken: boolean; readonly reason: string; readonly wayOut: string }

const require = createRequire(import.meta.url)

/**
 * Whether a runner works on this machine: its files and devices are looked for, then, if a driver is involved, a small network is run in a
 * process of its own, so that a driver that ends its process does not end this one.
 */
export function availability(runner: Runner): Promise<Availability> {
  const name = nameOf(runner)
  const known = found.get(name) ?? look(runner)
  found.set(name, known)
  return known
}

/** What this process has found: a driver takes seconds to start, and does not come or go meanwhile. */
const found = new Map<string, Promise<Availability>>()

async function look(runner: Runner): Promise<Availability> {
  const missing = runner.engine === 'onnx' ? missingForOnnx(runner.provider) : missingForTfjs(runner.provider)
  if (missing) return { works: false, broken: false, ...missing }
  const needsNoDriver = runner.provider === 'cpu' || runner.provider === 'wasm'
  return needsNoDriver ? { works: true } : probe(runner)
}

interface Missing {
  readonly reason: string
  readonly wayOut: string
}

function missingForOnnx(provider: Runner['provider']): Missing | undefined {
  if (provider === 'cuda') return missingCuda()
  if (provider === 'webgpu' && !hasGpu())
    return {
      reason: 'this machine shows no GPU',
      wayOut: 'install a driver with Vulkan (Linux: /dev/dri or /dev/nvidia0)'
    }
  return undefined
}

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

/** Packages of TensorFlow.js, beside its core. */
const PACKAGES = {
  'tensorflow-gpu': '@tensorflow/tfjs-node-gpu',
  tensorflow: '@tensorflow/tfjs-node',
  wasm: '@tensorflow/tfjs-backend-wasm',
  cpu: '@tensorflow/tfjs-backend-cpu'
} as const

function missingForTfjs(provider: keyof typeof PACKAGES): Missing | undefined {
  const absent = ['@tensorflow/tfjs-core', PACKAGES[provider]].filter(name => !isInstalled(name))
  return absent.length === 0
    ? undefined
    : { reason: `${absent.join(' and ')} is not installed`, wayOut: `npm install ${absent.join(' ')}` }
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(`${name}/package.json`)
    return true
  } catch {
    return false
  }
}

const LIMIT = 60_000

async function probe(runner: Runner): Promise<Availability> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./probe.js', import.meta.url))], {
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: LIMIT,
    env: { ...process.env, NVIDIA_TF32_OVERRIDE: '0' }
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(JSON.stringify(probing(runner)))
  const said = text(child.stderr)
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (...end) => {
      resolve(end)
    })
  })
  if (code === 0) return { works: true }
  const last = (await said).trim().split('\n').at(-1) ?? ''
  const reason = signal === null ? last || `its process ended with code ${code}` : `its process ended with ${signal}`
  return { works: false, broken: true, reason, wayOut: 'see that its driver and libraries fit each other' }
}

/** A convolution, for an engine's own thread. */
function probing({ engine, provider }: Runner): Record<string, unknown> {
  const kernel = new Float32Array(9).fill(1)
  const build = <T>({ ops, input }: Graph<T>) => [
    ops.conv2d(input('x', [-1, 1, 4, 4]), ops.constant(kernel, [1, 1, 3, 3]), undefined, { padding: 1 })
  ]
  const script = new URL(`./${engine}/worker.js`, import.meta.url).href
  const shape = [1, 1, 4, 4]
  if (engine === 'tfjs') {
    const graph = programRecorder(() => new Float32Array(0))
    return { script, shape, settings: { program: graph.finish(build(graph)), provider } }
  }
  const graph = recorder(() => new Uint8Array(0))
  const bytes = Buffer.from(encodeModel({ opset: OPSET, graph: graph.finish(build(graph)) })).toString('base64')
  return { script, shape, bytes, settings: { provider, device: 0, threads: 1 } }
}
