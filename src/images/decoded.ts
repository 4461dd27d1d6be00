import type { Decoder } from '../models/decoder.js'
import { toUint8 } from './uint8.js'

/** Latents that are decoded at once: their images are far larger than they are. */
const BATCH = 4

/** What is done with latents while they are decoded. */
export interface DecodedOptions {
  /** How many latents there are. */
  readonly count: number
  readonly signal?: AbortSignal
  /** Told after each batch how many images it had. */
  readonly onBatch?: (images: number) => void
}

/** The images of latents, [count, ...shape of a latent], as bytes, [count, height, width, channels]. */
export async function decodedImages(
  decoder: Pick<Decoder, 'shape' | 'decode'>,
  latents: Float64Array,
  { count, signal, onBatch }: DecodedOptions
): Promise<Uint8Array> {
  const { shape } = decoder
  const [size, pixels] = [latents.length / count, shape[0] * shape[1] * shape[2]]
  const bytes = new Uint8Array(count * pixels)
  for (let from = 0; from < count; from += BATCH) {
    signal?.throwIfAborted()
    const batch = Math.min(BATCH, count - from)
    const images = await decoder.decode(latents.subarray(from * size, (from + batch) * size), batch)
    bytes.set(toUint8(Float64Array.from(images), shape), from * pixels)
    onBatch?.(batch)
  }
  return bytes
}
