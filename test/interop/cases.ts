import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readZip } from '../../src/checkpoints/zip.js'
import { readSafetensors } from '../../src/checkpoints/safetensors.js'
import { toFloat64, type Tensor } from '../../src/checkpoints/tensor.js'
import type { Shape } from '../../src/models/denoiser.js'
import type { OnnxModelOptions } from '../../src/models/onnx.js'

/** What a library wrote, and what its code computes from it; make.py writes these as expected.json. */
export interface About {
  readonly case: string
  /** `match`: the numbers must be equal; otherwise the words that the error must name. */
  readonly expect: 'match' | readonly string[]
  /** Where options are needed to open it: the words that the error without them must name. */
  readonly alone?: readonly string[]
  readonly options?: Readonly<Record<string, unknown>>
  readonly shape: Shape
  readonly sigmas: readonly number[]
  /** The factor of each noise level that makes the noisy image x of the rule's u. */
  readonly scales: readonly number[]
  readonly labels?: readonly number[]
  readonly prompt?: string
  readonly ids?: readonly number[]
  /** Tokens that the text encoder reads, and prompts with theirs. */
  readonly context?: number
  readonly prompts?: readonly { readonly prompt: string; readonly ids: readonly number[] }[]
  /** Whole samples by diffusers' schedulers, each under its name among the expected arrays. */
  readonly runs?: Readonly<Record<string, Run>>
  /**
   * Whole samples by exported predictors, [images, ...shape], each under its name among the expected arrays, and its
   * latents under `NAME.latents`.
   */
  readonly exported?: Readonly<Record<string, ExportedRun>>
  /** Path of the checkpoint within the case's folder `model`; absent: that folder. */
  readonly file?: string
  /** What a spec says beside `onnx` where that file is a graph. */
  readonly onnx?: Omit<OnnxModelOptions, 'onnx'>
}

/** What an exported predictor was run with. */
export interface ExportedRun {
  readonly predictor: string
  /** `nearest`: the library tells a network whole steps alone. */
  readonly rounding?: 'nearest'
  readonly guidance?: { readonly scale: number; readonly negative: string }
}

/** What a scheduler of diffusers was set to. */
export interface Run {
  readonly timesteps: readonly number[]
  readonly steps: number
  /** Its init_noise_sigma. */
  readonly initial: number
  readonly sigmas?: readonly number[]
}

export interface Case {
  readonly about: About
  /** The file or folder to open. */
  readonly checkpoint: string
  readonly folder: string
  readonly expected: ReadonlyMap<string, Float64Array>
}

const FIXTURES = fileURLToPath(new URL('../fixtures/interop', import.meta.url))

/**
 * Where the cases stand: as a library has just written them (EPD_INTEROP names the folder), or as they are kept, each
 * in a .zip.
 */
export const SOURCE = process.env.EPD_INTEROP ?? FIXTURES

export function caseNames(source = SOURCE): string[] {
  return readdirSync(source)
    .filter(name => !name.startsWith('.'))
    .sort()
}

let place: string | undefined

/** A folder that is gone when the process is. */
function scratch(): string {
  if (place !== undefined) return place
  const made = mkdtempSync(join(tmpdir(), 'epd-interop-'))
  process.once('exit', () => {
    rmSync(made, { recursive: true, force: true })
  })
  return (place = made)
}

/** Opens a case; a kept one is unpacked into a temporary folder first. */
export function openCase(name: string, source = SOURCE): Case {
  const place = join(source, name)
  const folder = statSync(place).isDirectory() ? place : unpacked(place)
  const about = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as About
  const arrays: ReadonlyMap<string, Tensor> = readSafetensors(
    readFileSync(join(folder, 'expected.safetensors')),
    'expected.safetensors'
  )
  const expected = new Map([...arrays].map(([key, tensor]) => [key, toFloat64(tensor)]))
  return { about, folder, checkpoint: join(folder, 'model', about.file ?? ''), expected }
}

function unpacked(zip: string): string {
  const folder = join(scratch(), basename(zip))
  const archive = readZip(readFileSync(zip), zip)
  for (const name of archive.names) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, archive.read(name) ?? '')
  }
  return folder
}

/** u[i] = float32(1.3 sin(0.7 + 1.9 i)): the image that the network of a case sees. */
export function ruled(size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => Math.fround(Math.sin(0.7 + 1.9 * i) * 1.3))
}
