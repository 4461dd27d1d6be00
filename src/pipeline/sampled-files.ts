import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { decodeNpy, npyHeader } from '../checkpoints/npy.js'
import { zipParts } from '../checkpoints/zip-parts.js'
import { EpdError } from '../errors.js'
import { placeFile, placeFileSync, placeQuicklySync } from '../files/place.js'
import { toPng } from '../images/to-png.js'
import { wrongFileName } from '../reading/file-names.js'
import { canonical, child, isMapping } from '../reading/plain.js'
import type { Artifact, Store } from '../store/store.js'
import { turns } from '../turns.js'

/** What a sample stage leaves in the store, by the keys of the stages that hold it. */
export interface SampledStage {
  /** The key of the sample stage. */
  readonly key: string
  /** The key of the stage that holds the images: the same, or that of the one which decodes latents. */
  readonly imagesKey: string
  /** The prompts that the model read. */
  readonly prompts?: readonly string[]
}

/** Where images are written. */
export interface ImageTarget {
  /** Sees to it that nothing else is there, once the stage has begun. @throws EpdError `usage` */
  readonly begin: (store: Store, sampled: SampledStage) => void
  /** Writes some of what is in the store and not there yet: what came last, where it is told of each shard. */
  readonly add: (store: Store, sampled: SampledStage) => void
  /** Writes all that is left, once the store has all images. */
  readonly finish: (store: Store, sampled: SampledStage, options: FinishOptions) => Promise<void>
}

export interface FinishOptions {
  /** The class of each image in its order, for a model that has classes. */
  readonly labels?: () => Int32Array
  readonly signal: AbortSignal
  /** Told how many images are written, and of how many. */
  readonly onWritten?: (done: number, total: number) => void
}

/**
 * A folder in which each image is a PNG named by its seed, or an .npz.
 * @throws EpdError `usage` for a name that is neither, or where something else is there
 */
export function targetAt(out: string): ImageTarget {
  const unfit = wrongFileName(basename(out))
  if (unfit !== undefined) throw new EpdError('usage', `out ${out}: ${unfit}`, { subject: 'out' })
  const info = statSync(out, { throwIfNoEntry: false })
  const ending = extname(out).toLowerCase()
  if (ending === '.npz') {
    if (!info) return npzAt(out)
    throw new EpdError('usage', `out ${out}: is there already; name another file, or move that one away`, {
      subject: 'out'
    })
  }
  if (info?.isDirectory()) checkFolder(out)
  else if (info ?? FILES.includes(ending))
    throw new EpdError('usage', `out ${out}: expected a folder, or a name that ends in .npz`, { subject: 'out' })
  const above = dirname(out)
  if (!statSync(above, { throwIfNoEntry: false })?.isDirectory())
    throw new EpdError('usage', `out ${out}: there is no folder ${above}; make it, or name another`, { subject: 'out' })
  return folderAt(out)
}

/** Endings of files that are not written, and that no folder has. */
const FILES = [
  '.npy',
  '.png',
  '.jpg',
  '.jpeg',
  '.webp',
  '.gif',
  '.zip',
  '.tar',
  '.gz',
  '.pt',
  '.safetensors',
  '.json',
  '.csv',
  '.h5',
  '.pkl'
]

/** The file that says what the images of a folder are. */
const ABOUT = 'sampled.json'

/** A folder takes images of one sampler alone, whatever their seeds: names would not tell others from them. */
function checkFolder(folder: string): void {
  if (
    existsSync(join(folder, ABOUT)) ||
    readdirSync(folder).every(name => name.startsWith('.') || name.endsWith('.tmp'))
  )
    return
  throw new EpdError('usage', `out ${folder}: the folder holds other files; name another, or an empty one`, {
    subject: 'out'
  })
}

/** Shards that are written within one turn, so that signals are heard. */
const AT_ONCE = 4

function folderAt(folder: string): ImageTarget {
  const done = new Set<number>()
  function* shards(store: Store, { imagesKey }: SampledStage): Generator<readonly number[]> {
    const seeds = new Map(store.shards(imagesKey).map(shard => [shard.position, shard.seeds]))
    for (const file of store.artifacts(imagesKey, 'images')) {
      if (done.has(file.position)) continue
      const some = seeds.get(file.position) ?? []
      writeShard(store, folder, file, some)
      done.add(file.position)
      yield some
    }
  }
  return {
    begin(store, sampled) {
      claimFolder(folder, aboutOf(store, sampled))
    },
    add(store, sampled) {
      const lots = shards(store, sampled)
      for (let lot = 0; lot < AT_ONCE && !lots.next().done; lot++);
    },
    async finish(store, sampled, { signal, onWritten }) {
      const turn = turns(signal)
      const total = countOf(store, sampled)
      let written = 0
      for (const some of shards(store, sampled)) {
        written += some.length
        onWritten?.(written, total)
        await turn()
      }
    }
  }
}

function countOf(store: Store, { imagesKey }: SampledStage): number {
  return store.shards(imagesKey).reduce((sum, { seeds }) => sum + seeds.length, 0)
}

/** What of a sampler its images depend on but for their seeds, and in words which it is. */
function aboutOf(store: Store, { key, prompts }: SampledStage) {
  const stage = store.stage(key)
  const params = { ...(isMapping(stage?.params) ? stage.params : {}), seeds: undefined }
  const model = child(stage?.provenance, 'model')
  const marks = { digest: child(model, 'digest'), engine: child(model, 'engine') }
  const digest = createHash('sha256').update(canonical({ params, marks, prompts })).digest('hex')
  return { solver: child(params, 'solver'), model: marks.digest, sampler: digest }
}

function claimFolder(folder: string, about: ReturnType<typeof aboutOf>): void {
  const path = join(folder, ABOUT)
  if (!existsSync(path)) {
    placeFileSync(path, Buffer.from(`${JSON.stringify(about, null, 2)}\n`))
    return
  }
  if (sampler(path) === about.sampler) return
  throw new EpdError(
    'usage',
    `out ${folder}: the folder holds images of another sampler, as its ${ABOUT} says (of another predictor, model or classes); name another folder`,
    { subject: 'out' }
  )
}

function sampler(path: string): unknown {
  try {
    return child(JSON.parse(readFileSync(path, 'utf8')), 'sampler')
  } catch {
    return undefined
  }
}

/** Writes the images of a shard that are not there; an empty file is what a power cut has left. */
function writeShard(store: Store, folder: string, file: Artifact, seeds: readonly number[]): void {
  const paths = seeds.map(seed => join(folder, `${String(seed).padStart(6, '0')}.png`))
  const isThere = (path: string) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0
  if (paths.every(isThere)) return
  const { shape, data } = decodeNpy(store.readArtifact(file))
  const [, height, width, channels] = shape
  if (channels !== 1 && channels !== 3)
    throw new EpdError(
      'usage',
      `out ${folder}: images of ${channels} channels are no PNG; name a file that ends in .npz`,
      { subject: 'out' }
    )
  const size = height * width * channels
  paths.forEach((path, i) => {
    if (isThere(path)) return
    const pixels = Uint8Array.from(data.subarray(i * size, (i + 1) * size))
    placeQuicklySync(path, toPng({ width, height, channels, data: pixels }))
  })
}

/**
 * An .npz as the evaluator of guided-diffusion reads it: `arr_0` [images, height, width, channels] of bytes, and
 * `arr_1` [images], their classes.
 */
function npzAt(path: string): ImageTarget {
  return {
    begin: () => undefined,
    add: () => undefined,
    async finish(store, sampled, options) {
      const count = countOf(store, sampled)
      const classes = options.labels?.()
      const all = [
        { name: 'arr_0.npy', parts: imagesOf(store, sampled, count, options) },
        ...(classes ? [{ name: 'arr_1.npy', parts: [npyHeader('int64', [count]), asInt64(classes)] }] : [])
      ]
      await placeFile(path, zipParts(all))
    }
  }
}

/** An array of all images, of which those of one shard are held at a time. */
async function* imagesOf(
  store: Store,
  { imagesKey }: SampledStage,
  count: number,
  { signal, onWritten }: FinishOptions
): AsyncGenerator<Uint8Array> {
  const turn = turns(signal)
  let written = 0
  for (const file of store.artifacts(imagesKey, 'images')) {
    const { shape, data } = decodeNpy(store.readArtifact(file))
    if (written === 0) yield npyHeader('uint8', [count, ...shape.slice(1)])
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    written += shape[0]
    onWritten?.(written, count)
    await turn()
  }
}

function asInt64(numbers: Int32Array): Uint8Array {
  return new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer)
}
