import { decodeNpy } from '../checkpoints/npy.js'
import { EpdError } from '../errors.js'
import type { Features } from '../metrics/features.js'
import type { ImageRange, PictureShard, SampleSet, ValueShard } from '../metrics/metric.js'
import type { Store } from '../store/store.js'
import { shardsWith } from './shards.js'

/** Where to find what a sample stage has left: the keys of the stages that hold it. */
export interface SampleKeys {
  /** The stage that holds the images: the sample stage itself, or the one that decodes its latents. */
  readonly images: string
  /** The stage that holds the features of the images. */
  readonly features?: string
  /** The class that each seed was sampled of. */
  readonly classes?: (seeds: readonly number[]) => Promise<Int32Array>
}

/** What a sample stage has left, read from the store whenever it is asked for. */
export function sampleSet(name: string, keys: SampleKeys, store: Store, signal: AbortSignal): SampleSet {
  const seeds = store.shards(keys.images).flatMap(shard => shard.seeds)
  return {
    name,
    seeds,
    values: () => values(store, keys.images, signal),
    pictures: () => pictures(store, keys.images, signal),
    classes() {
      if (keys.classes === undefined) throw new RangeError(`nothing says which classes ${name} was asked for`)
      return keys.classes(seeds)
    },
    features(range) {
      if (keys.features === undefined) throw new RangeError(`there are no features of ${name}`)
      return features(store, keys.features, signal, range)
    }
  }
}

/** The bytes that decoded latents are stored as become values from -1 to 1. */
async function* values(store: Store, key: string, signal: AbortSignal): AsyncGenerator<ValueShard> {
  const whole = store.artifacts(key, 'samples').length > 0
  for (const { shard, artifact } of shardsWith(store, key, whole ? 'samples' : 'images')) {
    await breathe(signal)
    const { data } = decodeNpy(store.readArtifact(artifact))
    const { seeds } = shard
    const size = data.length / seeds.length
    const stray = data.findIndex(value => !Number.isFinite(value))
    if (stray >= 0)
      throw new EpdError(
        'score-undefined',
        `the sample of seed ${seeds[Math.floor(stray / size)]} holds ${data[stray]}`
      )
    yield { seeds, values: Float64Array.from(data, value => (whole ? value : value / 127.5 - 1)), size }
  }
}

async function* pictures(store: Store, key: string, signal: AbortSignal): AsyncGenerator<PictureShard> {
  for (const { shard, artifact } of shardsWith(store, key, 'images')) {
    await breathe(signal)
    const { shape, data } = decodeNpy(store.readArtifact(artifact))
    const [, height, width, channels] = shape
    const size = height * width * channels
    const pictures = shard.seeds.map((_, i) => {
      return { height, width, channels, data: Uint8Array.from(data.subarray(i * size, (i + 1) * size)) }
    })
    yield { seeds: shard.seeds, pictures }
  }
}

/** Shards outside the range are not read. */
async function* features(
  store: Store,
  key: string,
  signal: AbortSignal,
  { from, to }: ImageRange = { from: 0, to: Infinity }
): AsyncGenerator<Features> {
  let at = 0
  for (const { shard, artifact } of shardsWith(store, key, 'features')) {
    const [first, end] = [Math.max(from - at, 0), Math.min(to - at, shard.seeds.length)]
    at += shard.seeds.length
    if (first >= end) continue
    await breathe(signal)
    const { data, shape } = decodeNpy(store.readArtifact(artifact))
    const [, dimensions] = shape
    yield {
      count: end - first,
      dimensions,
      data: Float32Array.from(data.subarray(first * dimensions, end * dimensions))
    }
  }
}

/** Lets the screen, Ctrl-C and the store's heartbeat have their turn. */
function breathe(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  return new Promise(resolve => setImmediate(resolve))
}
