import { digestOf } from '../checkpoints/digest.js'
import { readUnchanged } from '../checkpoints/unchanged.js'
import { componentDigest, readComponent } from '../checkpoints/diffusers.js'
import { compiledNetwork } from '../engines/onnx/network.js'
import { openNetwork } from '../engines/open.js'
import type { Recipe } from '../engines/recipe.js'
import type { RunnerChoice } from '../engines/registry.js'
import type { Numbers } from '../engines/session.js'
import { EpdError } from '../errors.js'
import { cropped, resizeBicubic, type Picture } from '../images/resize.js'
import { openTokenizer } from '../models/tokenizer.js'
import { abortable } from '../turns.js'
import { clipImageRecipe, clipTextProjectionRecipe, IMAGE, TEXT_INPUTS } from '../networks/clip.js'
import { clipImageConfig, clipTextConfig } from '../networks/diffusers.js'
import { batchOf, ON_CPU } from './runner.js'

export interface ClipOptions {
  /**
   * Folder of a CLIPModel as transformers saves it, with its tokeniser's files, such as openai/clip-vit-large-patch14.
   */
  readonly folder: string
  /** Folder of compiled graphs. */
  readonly cacheDir: string
  /** Where it runs, in single precision; default: ONNX Runtime on the CPU. */
  readonly runner?: RunnerChoice
  /** Ends what is under way. */
  readonly signal?: AbortSignal
  /** Told of a compiled graph that is damaged and made anew. */
  readonly onNote?: (message: string) => void
}

/** How well images show what prompts say. */
export interface Clip {
  /** SHA-256 over both towers' graphs and weights. */
  readonly digest: string
  /**
   * Scores each image [height, width, 1 or 3] with its prompt: 100 times the cosine of what both are projected to, or 0
   * where it is negative.
   */
  scores(images: readonly Picture[], prompts: readonly string[]): Promise<Float64Array>
  close(): Promise<void>
}

/** The mean of the values, from 0 to 1, of the images that CLIP was trained on, by channel. */
const MEAN = [0.48145466, 0.4578275, 0.40821073]
/** Their standard deviation. */
const DEVIATION = [0.26862954, 0.26130258, 0.27577711]

/**
 * CLIPScore (Hessel et al. 2021, arXiv 2104.08718, with a weight of 100 as torchmetrics has it).
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`, `engine-failed`
 */
export async function openClip({ folder, cacheDir, runner = ON_CPU, signal, onNote }: ClipOptions): Promise<Clip> {
  const component = await readComponent(folder)
  if (component.className !== 'CLIPModel')
    throw new EpdError(
      'model-invalid',
      `${component.file}: a ${component.className || 'nameless class'} has not both of CLIP's towers; expected a CLIPModel`
    )
  const [words, pictures] = [clipTextConfig(component), clipImageConfig(component)]
  const projection = Number(component.config.projection_dim ?? 512)
  const content = await componentDigest(component)
  const tensors = () => readUnchanged(folder, content, () => componentDigest(component), component.tensors)
  const tower = async (name: string, recipe: Recipe) => {
    const source = { recipe, tensors, content: `${content}-${name}`, cacheDir, onNote }
    const { graph } = await compiledNetwork(source)
    return { graph, ...(await openNetwork({ ...source, ...runner })) }
  }
  const text = await tower('text', clipTextProjectionRecipe(words, projection))
  const image = await tower('image', clipImageRecipe(pictures, projection))
  const tokenizer = await openTokenizer(folder, words.tokens)
  const most = batchOf('clip', runner)

  async function part(images: readonly Picture[], prompts: readonly string[]): Promise<number[]> {
    const [textSession, imageSession] = await Promise.all([text.session(), image.session()])
    const count = images.length
    const encoded = prompts.map(prompt => tokenizer.encode(prompt))
    const tokens = Float32Array.from(encoded.flatMap(({ ids }) => [...ids]))
    const last = new Float32Array(count * words.tokens)
    encoded.forEach(({ end }, i) => (last[i * words.tokens + end] = 1))
    const { side } = pictures
    const planes = new Float32Array(count * 3 * side * side)
    images.forEach((each, i) => {
      planes.set(prepared(each, side), i * 3 * side * side)
    })
    const [ofText] = await textSession.run([
      { name: TEXT_INPUTS.tokens, shape: [count, words.tokens], data: tokens },
      { name: TEXT_INPUTS.last, shape: [count, 1, words.tokens], data: last }
    ])
    const [ofImages] = await imageSession.run([{ name: IMAGE, shape: [count, 3, side, side], data: planes }])
    return images.map((_, i) => 100 * Math.max(cosine(ofText, ofImages, i, projection), 0))
  }
  return {
    digest: digestOf([text.graph, image.graph, tokenizer.digest]),
    async scores(images, prompts) {
      const all: number[] = []
      for (let from = 0; from < images.length; from += most) {
        signal?.throwIfAborted()
        const end = from + most
        all.push(...(await abortable(part(images.slice(from, end), prompts.slice(from, end)), signal)))
      }
      return Float64Array.from(all)
    },
    async close() {
      const closed = Promise.all([text.close(), image.close()])
      if (signal?.aborted) closed.catch(() => undefined)
      else await closed
    }
  }
}

/** The shorter side made `side`, the middle of the longer kept, normalised by channel. */
function prepared(picture: Picture, side: number): Float32Array {
  const { height, width } = picture
  const shorter = Math.min(height, width)
  const [tall, wide] = [height, width].map(length => Math.trunc((side * length) / shorter))
  const { data, channels } = cropped(resizeBicubic(picture, tall, wide), side, side)
  return Float32Array.from({ length: 3 * side * side }, (_, i) => {
    const channel = Math.floor(i / side ** 2)
    const value = data[(i % side ** 2) * channels + (channel % channels)] / 255
    return (value - MEAN[channel]) / DEVIATION[channel]
  })
}

function cosine(a: Numbers, b: Numbers, row: number, size: number): number {
  let [product, ofA, ofB] = [0, 0, 0]
  for (let i = row * size; i < (row + 1) * size; i++) {
    product += a[i] * b[i]
    ofA += a[i] ** 2
    ofB += b[i] ** 2
  }
  return product / Math.sqrt(ofA * ofB)
}
