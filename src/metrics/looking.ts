import { compiledNetwork } from '../engines/onnx/network.js'
import type { NetworkSource } from '../engines/engine.js'
import { openNetwork } from '../engines/open.js'
import { abortable } from '../turns.js'
import type { FeatureLooker } from './feature-network.js'
import { batchOf, ON_CPU, type Looker, type LookingOptions } from './runner.js'

/** A network that looks at images of a size, and how images become its input. */
export interface Looking {
  readonly looker: Looker
  readonly source: Omit<NetworkSource, 'cacheDir'>
  readonly size: readonly [height: number, width: number]
  /** Channels of its input `x`; a gray image stands in each of them. */
  readonly channels: number
  /** Values of each of its answers for one image; the first are the features. */
  readonly answers: readonly number[]
  /** The input for a value of an image, 0 to 255. */
  readonly ofByte: (value: number) => number
  /** The input for a value of a sample that is not rounded to a byte, about -1 to 1. */
  readonly ofSample: (value: number) => number
}

/** What looks at images, with all its answers. */
export interface OpenLooker extends FeatureLooker {
  /** All answers for images [count, height, width, channels], 0 to 255: each [count, its values]. */
  answers(images: Uint8Array, count: number): Promise<readonly Float32Array[]>
}

/** The value of the network's input at a pixel. */
type Picture = (image: number, channel: number, pixel: number) => number

/** Opens a network that looks at images. @throws EpdError `engine-failed` */
export async function openLooker(looking: Looking, options: LookingOptions): Promise<OpenLooker> {
  const { looker, size, channels, answers, ofByte, ofSample } = looking
  const { cacheDir, runner = ON_CPU, threads, signal, onNote } = options
  const source = { ...looking.source, cacheDir, onNote }
  const { graph } = await compiledNetwork(source)
  const { session, close } = await openNetwork({ ...source, ...runner, threads })
  const most = batchOf(looker, runner)
  const pixels = size[0] * size[1]
  const answer = async (count: number, picture: Picture) => {
    const running = await session()
    const all = answers.map(values => new Float32Array(count * values))
    for (let from = 0; from < count; from += most) {
      signal?.throwIfAborted()
      const batch = Math.min(most, count - from)
      const data = planes({ from, batch, channels, pixels }, picture)
      const found = await abortable(running.run([{ name: 'x', shape: [batch, channels, ...size], data }]), signal)
      all.forEach((values, i) => {
        values.set(found[i], from * answers[i])
      })
    }
    return all
  }
  const ofImages = (images: Uint8Array, count: number) => {
    const own = images.length / count / pixels
    return answer(count, (image, channel, i) => ofByte(images[(image * pixels + i) * own + (channel % own)]))
  }
  return {
    digest: graph,
    answers: ofImages,
    features: async (images, count) => (await ofImages(images, count))[0],
    async smoothFeatures(samples, count) {
      const own = samples.length / count / pixels
      const picture: Picture = (image, channel, i) => ofSample(samples[(image * own + (channel % own)) * pixels + i])
      return (await answer(count, picture))[0]
    },
    async close() {
      const closed = close()
      if (signal?.aborted) closed.catch(() => undefined)
      else await closed
    }
  }
}

/** Images from one on, channel after channel. */
function planes(
  { from, batch, channels, pixels }: { from: number; batch: number; channels: number; pixels: number },
  picture: Picture
): Float32Array<ArrayBuffer> {
  const data = new Float32Array(batch * channels * pixels)
  let at = 0
  for (let image = from; image < from + batch; image++)
    for (let channel = 0; channel < channels; channel++)
      for (let i = 0; i < pixels; i++) data[at++] = picture(image, channel, i)
  return data
}
