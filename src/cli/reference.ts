import { createHash } from 'node:crypto'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { EpdError } from '../errors.js'
import { placeFileSync } from '../files/place.js'
import { firstNames } from '../first-names.js'
import { openImages, TOLD, type Collection } from '../images/collection.js'
import type { Raster, Size } from '../images/raster.js'
import { openInception, type Inception } from '../metrics/inception.js'
import { encodeStatistics, faultOfStatistics } from '../metrics/reference.js'
import { accumulator, type Statistics } from '../metrics/statistics.js'
import { defaultCache } from '../models/open.js'
import { FEATURES, type InceptionInput } from '../networks/inception-v3.js'
import { checkOut } from './out.js'
import { samplesLine } from './progress.js'
import { isLive } from './terminal.js'
import { print, printJson, tell, tellInPlace, warn } from './output.js'

export interface ReferenceFlags {
  readonly weights: string
  readonly preparation: InceptionInput
  readonly out: string
  readonly json?: boolean
}

/**
 * Makes the statistics of real images that fid compares with. All that can be known is checked before the first image
 * is looked at.
 */
export async function reference(location: string, options: ReferenceFlags): Promise<void> {
  const { weights, preparation, out, json } = options
  checkOut(out)
  await fileDigest(weights)
  const images = openImages(location)
  const { width, height } = commonSize(location, images)
  const { skipped } = images
  if (process.stderr.isTTY && skipped.length > 0) tell(`skipped: ${firstNames(skipped, TOLD)}`)
  const inception = await openInception({
    ...{ weights, preparation, size: [height, width] },
    ...{ cacheDir: defaultCache(), onNote: warn }
  })
  try {
    const statistics = await statisticsOf(images, inception)
    const fault = faultOfStatistics(statistics)
    if (fault !== undefined)
      throw new EpdError('images-invalid', `${location}: its images have no statistics to compare with: ${fault}`)
    const bytes = encodeStatistics(statistics)
    placeFileSync(out, bytes)
    const digest = createHash('sha256').update(bytes).digest('hex')
    const about = {
      images: statistics.count,
      size: `${width}x${height}`,
      skipped: { count: skipped.length, first: skipped.slice(0, TOLD) },
      preparation,
      network: inception.digest,
      digest
    }
    if (json) printJson({ ...about, file: out })
    else {
      print(`${out}: ${about.images} images of ${about.size}, prepared as ${preparation}, sha256 ${digest}`)
      if (skipped.length > 0) print(skippedLine(skipped))
    }
  } finally {
    await inception.close()
  }
}

function skippedLine(skipped: readonly string[]): string {
  const what = skipped.length === 1 ? '1 other file was' : `${skipped.length.toLocaleString('en')} other files were`
  return `${what} skipped: ${firstNames(skipped, TOLD)}`
}

/** The size that all images have, by their headers. */
function commonSize(location: string, { names, size }: Collection): Size {
  const [first] = names
  if (names.length < 2)
    throw new EpdError(
      'images-invalid',
      `${location}: ${first} is the only image in it, and statistics need two or more; give more images`
    )
  const common = size(first)
  for (const name of names) {
    const { width, height } = size(name)
    if (width !== common.width || height !== common.height)
      throw new EpdError(
        'images-invalid',
        `${location}: ${name} has ${width}x${height} pixels and the first image ${common.width}x${common.height}; give images of one size`
      )
  }
  return common
}

/** Images read and looked at together. */
const BATCH = 64

async function statisticsOf(images: Collection, inception: Inception): Promise<Statistics> {
  const sums = accumulator(FEATURES)
  const total = images.names.length
  const line = samplesLine()
  for (let done = 0; done < total; done += BATCH) {
    const names = images.names.slice(done, done + BATCH)
    const pixels: Uint8Array[] = []
    for (const name of names) pixels.push(colours(await images.read(name)))
    sums.add(Float64Array.from(await inception.features(Buffer.concat(pixels), names.length)))
    if (isLive(process.stderr)) tellInPlace(line(done + names.length, total))
  }
  if (isLive(process.stderr)) tell('')
  return sums.finish()
}

/** Gray as colour. */
function colours({ channels, data }: Raster): Uint8Array {
  return channels === 3 ? data : Uint8Array.from({ length: 3 * data.length }, (_, i) => data[Math.floor(i / 3)])
}
