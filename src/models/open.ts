import { homedir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '../checkpoints/digest.js'
import { COMPILER_VERSION, record } from '../engines/onnx/compile.js'
import { compiledOnce, type Compiled } from '../engines/onnx/compiled.js'
import { openNetwork, type NetworkOptions } from '../engines/open.js'
import type { EngineOptions } from '../engines/provider.js'
import { EpdError } from '../errors.js'
import type { ClipTextConfig } from '../networks/clip.js'
import { denoisingRecipe, networkOf } from '../networks/network.js'
import type { Denoiser } from './denoiser.js'
import { denoiserOf, faceOf } from './network-denoiser.js'
import { guided } from './classifier-guidance.js'
import { freelyGuided } from './classifier-free-guidance.js'
import { openDecoder, type Decoder } from './decoder.js'
import { partsDigest, readParts, schedulerOf, tokenizerOf, type Parts, type PartsAbout } from './parts.js'
import type { TextEncoder } from './text.js'
import type { Tensors } from '../engines/recipe.js'
import { rounded, type Rounding } from './parametrisation.js'
import { preconditioning, type Preconditioning } from './preconditioning.js'
import { leftOut } from './left-out.js'
import { withClipping, type ClipDenoised } from './clipped.js'

export interface OpenModelOptions extends EngineOptions {
  /** Path of the checkpoint, a file or a folder; see readParts for what it may be. */
  readonly checkpoint: string
  /** Folder of compiled graphs; default: epd-run in the user's cache folder. */
  readonly cacheDir?: string
  /** Threads of ONNX Runtime on a CPU; default: all cores. No result depends on it. */
  readonly threads?: number
  /**
   * How strongly samples are led to their condition: by the gradient of a classifier of noisy images, or, without one, away from what
   * the prompt `negative` (default: none) would lead to.
   */
  readonly guidance?: { readonly classifier?: string; readonly scale: number; readonly negative?: string }
  /** Whether the network of a chain is told whole steps alone; default: it is told what lies between two as well. */
  readonly rounding?: Rounding
  /** Default: denoised data are not clamped. */
  readonly clipDenoised?: ClipDenoised
  /**
   * Told of an engine that is there but fails, of a device whose memory is full, of a prompt that is cut, and of what a folder's scheduler
   * does to denoised images and this does not.
   */
  readonly onNote?: (message: string) => void
}

/** A diffusion model read from a checkpoint. */
export interface Model extends Denoiser {
  /** SHA-256 over the network's graph, its weights and its preconditioning, whatever file they came from. */
  readonly digest: string
  /** What the bits of its results depend on beside that: engine, provider, precision. */
  readonly engine: string
  /** Whether a sample's bits are the same in any batch. */
  readonly batchInvariant: boolean
  /** Milliseconds spent within the engine so far. */
  readonly elapsed: () => number
  /** Whether it reads prompts. */
  readonly prompted?: boolean
  /** What makes images of its samples, where those are latents. */
  readonly decoder?: Decoder
}

/**
 * Opens the model of a checkpoint. Its graph is compiled once and cached; the engine is started at the first evaluation.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed`
 */
export async function openModel(options: OpenModelOptions): Promise<Model> {
  const { checkpoint, clipDenoised, onNote } = options
  const note = clipDenoised === undefined ? leftOut(await schedulerOf(checkpoint), checkpoint) : undefined
  if (note !== undefined) onNote?.(note)
  return withClipping(await openNetworks(options), clipDenoised)
}

async function openNetworks(options: OpenModelOptions): Promise<Model> {
  const { checkpoint, cacheDir = defaultCache(), guidance, rounding } = options
  const content = await partsDigest(checkpoint)
  // Of a file of gigabytes, read once for all its networks, and let go when they are compiled.
  let reading: Promise<Parts> | undefined
  const parts = () => (reading ??= readParts(checkpoint))
  const { graph, about } = await compile(parts, content, cacheDir)
  const { className, initKwargs } = about
  const precondition = roundedAs(rounding, preconditioning(className, initKwargs), checkpoint)
  const network = networkOf(initKwargs, precondition.learnedVariance)
  const part = (name: string, tensors: (parts: Parts) => Promise<Tensors>) => ({
    ...options,
    ...{ content: `${content}${name}`, cacheDir, tensors: async () => tensors(await parts()) }
  })
  const text =
    about.text &&
    (await textOf(
      about.text,
      checkpoint,
      part('-text', parts => parts.text())
    ))
  const decoder =
    about.decoder && (await openDecoder({ ...part('-decoder', parts => parts.decoder()), ...about.decoder }))
  const { engine, batchInvariant, devices, session, close } = await openNetwork({
    ...part('', parts => parts.network()),
    recipe: denoisingRecipe(network)
  })
  reading = undefined
  const model: Model = {
    ...denoiserOf(faceOf(network), precondition, session, {
      devices,
      contextOf: text && (prompts => text.encode(prompts))
    }),
    ...{ engine, batchInvariant, decoder, prompted: text !== undefined },
    digest: digestOf([
      ...[graph, className, initKwargs],
      ...(text ? [text.digest] : []),
      ...(rounding === 'nearest' ? [{ rounding }] : [])
    ]),
    async close() {
      await Promise.all([close(), text?.close(), decoder?.close()])
    }
  }
  if (!guidance) return model
  if (guidance.classifier !== undefined)
    return guided(model, precondition, { ...guidance, classifier: guidance.classifier }, { ...options, cacheDir })
  if (!text)
    throw new EpdError(
      'model-invalid',
      `${checkpoint}: reads no prompts; guidance without a classifier needs a model that does`
    )
  const { scale, negative = '' } = guidance
  return { ...freelyGuided(model, scale, negative), digest: digestOf([model.digest, scale, negative]) }
}

function roundedAs(rounding: Rounding = 'none', precondition: Preconditioning, checkpoint: string): Preconditioning {
  if (rounding === 'none') return precondition
  if (precondition.time?.told) return rounded(precondition)
  throw new EpdError(
    'model-invalid',
    `${checkpoint}: is told no steps of a chain, so that rounding: nearest has none to round; leave it out`
  )
}

async function textOf(
  config: ClipTextConfig,
  checkpoint: string,
  options: Omit<NetworkOptions, 'recipe'>
): Promise<TextEncoder> {
  const { openText } = await import('./text.js')
  return openText({ ...options, config, tokenizer: await tokenizerOf(checkpoint) })
}

/** The compiled network of a checkpoint, from the cache if this very file was compiled before. */
async function compile(parts: () => Promise<Parts>, content: string, cacheDir: string): Promise<Compiled<PartsAbout>> {
  return compiledOnce(cacheDir, `${content}-${COMPILER_VERSION}`, isAbout, async () => {
    const { about, network } = await parts()
    const { className, initKwargs } = about
    const { learnedVariance } = preconditioning(className, initKwargs)
    const graph = record(denoisingRecipe(networkOf(initKwargs, learnedVariance)), await network())
    return { graph, about }
  })
}

function isAbout(value: unknown): value is PartsAbout {
  return typeof value === 'object' && value !== null && 'className' in value && 'initKwargs' in value
}

/** epd-run in the user's cache folder. */
export function defaultCache(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'epd-run')
}
