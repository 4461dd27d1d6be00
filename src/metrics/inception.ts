import { digestOf } from '../checkpoints/digest.js'
import { fileDigest, readCheckpoint } from '../checkpoints/checkpoint.js'
import { readUnchanged } from '../checkpoints/unchanged.js'
import { moduleTensors, stateDictOf } from '../checkpoints/module-state.js'
import type { StateDict } from '../checkpoints/network.js'
import { compiledNetwork } from '../engines/onnx/network.js'
import { openNetwork } from '../engines/open.js'
import type { Recipe } from '../engines/recipe.js'
import type { RunnerChoice } from '../engines/registry.js'
import { EpdError } from '../errors.js'
import { inceptionTensors } from '../networks/inception-names.js'
import { abortable } from '../turns.js'
import { FEATURES, inceptionV3, type InceptionInput } from '../networks/inception-v3.js'
import { batchOf, ON_CPU } from './runner.js'

/** Inception-v3 by its weights, and the images that it is to look at. */
export interface InceptionOptions {
  /** Path of the weights as pytorch-fid publishes them, or as NVIDIA. */
  readonly weights: string
  readonly preparation: InceptionInput
  /** The height and width of the images, in pixels. */
  readonly size: readonly [height: number, width: number]
  /** Folder of compiled graphs. */
  readonly cacheDir: string
  /** Where it runs, in single precision; default: ONNX Runtime on the CPU. */
  readonly runner?: RunnerChoice
  /** Threads of the engine; default: all cores. No result depends on it. */
  readonly threads?: number
  /** Ends what is under way. */
  readonly signal?: AbortSignal
  /** Told of a compiled graph that is damaged and made anew. */
  readonly onNote?: (message: string) => void
}

/** The network whose features FID, KID, precision and recall compare. */
export interface Inception {
  /** SHA-256 over graph and weights. */
  readonly digest: string
  /** images: [count, height, width, 1 or 3], 0 to 255; answers [count, 2048]. */
  features(images: Uint8Array, count: number): Promise<Float32Array>
  /**
   * Features of samples, [count, 1 or 3, height, width], as images before they are rounded (127.5 x + 128, clipped to
   * 0..255): they follow every small change.
   */
  smoothFeatures(samples: Float64Array, count: number): Promise<Float32Array>
  /** Ends what runs the network. */
  close(): Promise<void>
}

/**
 * Opens Inception-v3 (Szegedy et al. 2015, arXiv 1512.00567) with the weights that FID is defined by.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed`
 */
export async function openInception(options: InceptionOptions): Promise<Inception> {
  const { weights, preparation, size, cacheDir, runner = ON_CPU, threads, signal, onNote } = options
  const digest = await fileDigest(weights)
  const tensors = () =>
    readUnchanged(
      weights,
      digest,
      () => fileDigest(weights),
      () => tensorsOf(weights)
    )
  const content = digestOf(['inception', preparation, size, digest])
  const source = { recipe: inceptionRecipe(size, preparation), tensors, content, cacheDir, onNote }
  const { graph } = await compiledNetwork(source)
  const { session, close } = await openNetwork({ ...source, ...runner, threads })
  const most = batchOf('inception', runner)
  const pixels = size[0] * size[1]
  const answer = async (count: number, picture: Picture) => {
    const running = await session()
    const all = new Float32Array(count * FEATURES)
    for (let from = 0; from < count; from += most) {
      signal?.throwIfAborted()
      const batch = Math.min(most, count - from)
      const data = planes(from, batch, pixels, picture)
      const [features] = await abortable(running.run([{ name: 'x', shape: [batch, 3, ...size], data }]), signal)
      all.set(features, from * FEATURES)
    }
    return all
  }
  return {
    digest: graph,
    features(images, count) {
      const channels = images.length / count / pixels
      return answer(count, (image, channel, i) => images[(image * pixels + i) * channels + (channel % channels)])
    },
    smoothFeatures(samples, count) {
      const channels = samples.length / count / pixels
      return answer(count, (image, channel, i) => {
        const value = samples[(image * channels + (channel % channels)) * pixels + i]
        return Math.min(Math.max(127.5 * value + 128, 0), 255)
      })
    },
    async close() {
      const closed = close()
      if (signal?.aborted) closed.catch(() => undefined)
      else await closed
    }
  }
}

/** Inception-v3 for images of a size, [batch, 3, height, width] as `x`. */
export function inceptionRecipe([height, width]: InceptionOptions['size'], preparation: InceptionInput): Recipe {
  return {
    name: 'Inception-v3',
    build: graph => [inceptionV3(graph.ops, graph.input('x', [-1, 3, height, width]), preparation)],
    // The classifier behind the features, and counts of training.
    ignores: tensor => /^(fc|output)\.|\.num_batches_tracked$/.test(tensor)
  }
}

/** The value of a pixel, 0 to 255. Of gray images each of the three channels is the one that they have. */
type Picture = (image: number, channel: number, pixel: number) => number

/** Images from one on, channel after channel. */
function planes(from: number, count: number, pixels: number, picture: Picture): Float32Array<ArrayBuffer> {
  const data = new Float32Array(count * 3 * pixels)
  let at = 0
  for (let image = from; image < from + count; image++)
    for (let channel = 0; channel < 3; channel++)
      for (let i = 0; i < pixels; i++) data[at++] = picture(image, channel, i)
  return data
}

async function tensorsOf(path: string): Promise<StateDict['tensors']> {
  const tree = await readCheckpoint(path)
  const tensors = inceptionTensors(stateDictOf(tree) ?? moduleTensors(tree, path) ?? new Map())
  if (tensors) return tensors
  throw new EpdError(
    'checkpoint-invalid',
    `${path}: holds no Inception-v3 of 2015; expected pytorch-fid's pt_inception-2015-12-05-6726825d.pth or NVIDIA's inception-2015-12-05.pkl`
  )
}
