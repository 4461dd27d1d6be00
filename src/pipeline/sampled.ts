import { decodeNpy } from '../checkpoints/npy.js'
import type { Picture } from '../images/resize.js'
import { decodedName } from '../stages/decoded-name.js'
import type { Artifact, RunStage, Store } from '../store/store.js'

/** A sample stage of a run, with where the store holds its images. */
export interface Sampled {
  readonly name: string
  /** Its own key, by which it is scored. */
  readonly key: string
  readonly stage: RunStage['stage']
  /** The place of each seed's image, in the order in which the seeds were sampled. */
  readonly places: ReadonlyMap<number, Place>
}

interface Place {
  /** The file that holds the images of its shard. */
  readonly file: Artifact
  /** The image's place among them. */
  readonly index: number
}

/**
 * The key of what holds the images of a run's sample stage: its own, or that of the stage that decodes its latents.
 * Undefined where the run has no stage of the name.
 */
export function imagesKeyOf(stages: readonly Pick<RunStage, 'name' | 'key'>[], name: string): string | undefined {
  const keyOf = (wanted: string) => stages.find(stage => stage.name === wanted)?.key
  return keyOf(decodedName(name)) ?? keyOf(name)
}

/** The sample stages of a run in their order, each with as many images as there are by now. */
export function sampledIn(store: Store, runId: string): Sampled[] {
  const stages = store.runStages(runId)
  return stages
    .filter(({ stage }) => stage?.kind === 'sample')
    .map(({ name, key, stage }) => ({ name, key, stage, places: placesOf(store, imagesKeyOf(stages, name) ?? key) }))
}

/** Where a stage has left the images of its seeds. */
export function placesOf(store: Store, key: string): Sampled['places'] {
  const files = new Map(store.artifacts(key, 'images').map(artifact => [artifact.position, artifact]))
  const places = new Map<number, Place>()
  for (const { position, seeds } of store.shards(key)) {
    const file = files.get(position)
    if (file) seeds.forEach((seed, index) => places.set(seed, { file, index }))
  }
  return places
}

/**
 * The images of some seeds, undefined where there is none. Each file is read once, and one of them is held at a time.
 * @throws EpdError `store-corrupt` where a file is missing or damaged
 */
export function picturesOf(
  store: Store,
  { places }: Pick<Sampled, 'places'>,
  seeds: readonly number[]
): (Picture | undefined)[] {
  const found = new Map<number, Picture>()
  const wanted = new Map<Artifact, number[]>()
  for (const seed of seeds) {
    const file = places.get(seed)?.file
    if (file) wanted.set(file, [...(wanted.get(file) ?? []), seed])
  }
  for (const [file, some] of wanted) {
    const { shape, data } = decodeNpy(store.readArtifact(file))
    const [, height, width, channels] = shape
    const size = height * width * channels
    for (const seed of some) {
      const index = places.get(seed)?.index ?? 0
      found.set(seed, {
        height,
        width,
        channels,
        data: Uint8Array.from(data.subarray(index * size, (index + 1) * size))
      })
    }
  }
  return seeds.map(seed => found.get(seed))
}
