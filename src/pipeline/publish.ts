import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { decodeNpy } from '../checkpoints/npy.js'
import { placeFileSync } from '../files/place.js'
import { toPng } from '../images/to-png.js'
import type { Pictures } from '../stages/kind.js'
import { guardedAsync } from '../store/failures.js'
import { temporaryFolder } from '../store/objects.js'
import { DamagedObject, type Store } from '../store/store.js'
import type { OnEvent } from './event.js'
import { imagesFolder } from './images.js'

/**
 * Puts a stage's images where people look for them: an overview, NAME.png, and, if the spec asks for it, each as a PNG
 * named by its seed in folders of a thousand. Files that are there already are left alone.
 */
export function publish({ name, each }: Pictures, key: string, runId: string, store: Store): void {
  const folder = imagesFolder(store.root, runId)
  for (const artifact of store.artifacts(key, 'grid'))
    writeOnce(store, join(folder, `${name}.png`), () => store.readArtifact(artifact))
  if (!each) return
  const files = new Map(store.artifacts(key, 'images').map(artifact => [artifact.position, artifact]))
  for (const { position, seeds } of store.shards(key)) {
    const file = files.get(position)
    const paths = seeds.map(seed => join(folder, name, pad(seed - (seed % 1000)), `${pad(seed)}.png`))
    if (!file || paths.every(path => existsSync(path))) continue
    const { shape, data } = decodeNpy(store.readArtifact(file))
    const [, height, width, channels] = shape
    if (channels !== 1 && channels !== 3) return
    const size = height * width * channels
    paths.forEach((path, i) => {
      const pixels = Uint8Array.from(data.subarray(i * size, (i + 1) * size))
      writeOnce(store, path, () => toPng({ width, height, channels, data: pixels }))
    })
  }
}

/** The file in a run's folder of images that puts its samples beside each other. */
const COMPARISON = 'comparison.png'

/**
 * Puts what the sample stages of a finished run have made of the same seeds beside each other, in comparison.png, where
 * there are two or more. A stage of that name keeps it for its overview.
 */
export async function publishComparison(runId: string, store: Store): Promise<void> {
  const path = join(imagesFolder(store.root, runId), COMPARISON)
  const samples = store.runStages(runId).filter(({ stage }) => stage?.kind === 'sample')
  if (samples.length < 2 || existsSync(path)) return
  const { compareImages } = await import('./comparison.js')
  writeOnce(store, path, () => toPng(compareImages(store, runId).picture))
}

function pad(seed: number): string {
  return String(seed).padStart(6, '0')
}

/** What a killed process leaves half written lies where it is looked for whenever the store is opened. */
function writeOnce({ root }: Store, path: string, content: () => Uint8Array): void {
  if (!existsSync(path)) placeFileSync(path, content(), temporaryFolder(root))
}

/** Puts the samples of a finished run beside each other. A damaged image costs no more than that picture. */
export async function compareSamples(
  runId: string,
  { store, onEvent }: { readonly store: Store; readonly onEvent: OnEvent }
): Promise<void> {
  try {
    await guardedAsync(store.root, () => publishComparison(runId, store))
  } catch (error) {
    if (!(error instanceof DamagedObject)) throw error
    onEvent({ type: 'warning', message: `${error.message}; there is no picture that compares the samples` })
  }
}
