import { createHash } from 'node:crypto'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { EpdError } from '../errors.js'
import { placeFileSync } from '../files/place.js'
import { firstNames } from '../first-names.js'
import { openImages, TOLD, type Collection } from '../images/collection.js'
import type { Raster, Size } from '../images/raster.js'
import type { FeatureLooker, FeatureSpec } from '../metrics/feature-network.js'
import { featureNetwork } from '../metrics/feature-networks.js'
import { encodeStatistics, faultOfStatistics } from '../metrics/reference.js'
import { accumulator, type Statistics } from '../metrics/statistics.js'
import { defaultCache } from '../models/open.js'
import type { InceptionInput } from '../networks/inception-inputs.js'
import { checkOut } from './out.js'
import { samplesLine } from './progress.js'
import { isLive } from './terminal.js'
import { print, printJson, tell, tellInPlace, warn } from './output.js'

export interface ReferenceFlags {
  readonly network?: string
  readonly weights?: string
  readonly preparation?: InceptionInput
  readonly out: string
  readonly json?: boolean
}

/**
 * Makes the statistics of real images that fid compares with. All that can be known is checked before the first image
 * is looked at.
 */
export async function reference(location: string, options: ReferenceFlags): Promise<void> {
  const { out, json } = options
  const spec = specOf(options)
  checkOut(out)
  if (spec.weights !== undefined) await fileDigest(spec.weights)
  const images = openImages(location)
  const { width, height } = commonSize(location, images)
  expectSeen(location, spec, await images.read(images.names[0]))
  const { skipped } = images
  if (process.stderr.isTTY && skipped.length > 0) tell(`skipped: ${firstNames(skipped, TOLD)}`)
  const { name, open, prepared, dimensions } = featureNetwork(spec)
  const looker = await open(spec, {
    ...{ assetPath: (file: string) => file, size: [height, width] },
    ...{ cacheDir: defaultCache(), onNote: warn }
  })
  try {
    const statistics = await statisticsOf(images, looker, {
      dimensions,
      check: raster => {
        expectSeen(location, spec, raster)
      }
    })
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
      ...(spec.preparation && { preparation: spec.preparation }),
      network: looker.digest,
      digest
    }
    if (json) printJson({ ...about, file: out })
    else {
      const how = prepared(spec) === '' ? `seen by ${name}` : prepared(spec)
      print(`${out}: ${about.images} images of ${about.size}, ${how}, sha256 ${digest}`)
      if (skipped.length > 0) print(skippedLine(skipped))
    }
  } finally {
    await looker.close()
  }
}

/** The network that the options name, which must say all that it needs and nothing that it does not have. */
function specOf({ network, weights, preparation }: ReferenceFlags): FeatureSpec {
  const { name, keys } = featureNetwork({ network })
  for (const [key, value] of Object.entries({ weights, preparation })) {
    if (key in keys || value === undefined) continue
    throw new EpdError('usage', `${key} is not for the network ${name}, which comes with the project; leave it out`, {
      subject: key
    })
  }
  if ('weights' in keys && weights === undefined)
    throw new EpdError('usage', `weights: the network ${name} has none of its own; name their file`, {
      subject: 'weights'
    })
  const otherwise = 'preparation' in keys ? 'tensorflow' : undefined
  return { network, weights, preparation: preparation ?? otherwise }
}

/** @throws EpdError `images-invalid` where the network cannot look at an image */
function expectSeen(location: string, spec: FeatureSpec, { channels, height, width }: Raster): void {
  const { title, mismatch } = featureNetwork(spec)
  const wrong = mismatch([channels, height, width])
  if (wrong === undefined) return
  throw new EpdError('images-invalid', `${location}: ${title} ${wrong.replace("this model's", 'these')}; give others`)
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

async function statisticsOf(
  images: Collection,
  looker: FeatureLooker,
  { dimensions, check }: { readonly dimensions: number; readonly check: (image: Raster) => void }
): Promise<Statistics> {
  const sums = accumulator(dimensions)
  const total = images.names.length
  const line = samplesLine()
  for (let done = 0; done < total; done += BATCH) {
    const names = images.names.slice(done, done + BATCH)
    const pixels: Uint8Array[] = []
    for (const name of names) {
      const image = await images.read(name)
      check(image)
      pixels.push(colours(image))
    }
    sums.add(Float64Array.from(await looker.features(Buffer.concat(pixels), names.length)))
    if (isLive(process.stderr)) tellInPlace(line(done + names.length, total))
  }
  if (isLive(process.stderr)) tell('')
  return sums.finish()
}

/** Gray as colour. */
function colours({ channels, data }: Raster): Uint8Array {
  return channels === 3 ? data : Uint8Array.from({ length: 3 * data.length }, (_, i) => data[Math.floor(i / 3)])
}
