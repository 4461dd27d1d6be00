import { createHash } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { EpdError } from '../errors.js'
import { openImages, type Collection } from '../images/collection.js'
import type { Raster } from '../images/png.js'
import { openInception, type Inception } from '../metrics/inception.js'
import { encodeStatistics } from '../metrics/reference.js'
import { accumulator, type Statistics } from '../metrics/statistics.js'
import { defaultCache } from '../models/open.js'
import { FEATURES, type InceptionInput } from '../networks/inception-v3.js'
import { progressLine } from './progress.js'
import { isLive } from './terminal.js'

export interface ReferenceFlags {
  readonly weights: string
  readonly preparation: InceptionInput
  readonly out: string
  readonly json?: boolean
}

/** Makes the statistics of real images that fid compares with. */
export async function reference(place: string, options: ReferenceFlags): Promise<void> {
  const { weights, preparation, out, json } = options
  if (existsSync(out)) throw new EpdError('usage', `${out} is there already; name another file, or delete it`)
  const images = openImages(place)
  const first = images.read(images.names[0])
  const { height, width } = first
  const inception = await openInception({ weights, preparation, size: [height, width], cacheDir: defaultCache() })
  try {
    const statistics = await statisticsOf(images, first, inception)
    const bytes = encodeStatistics(statistics)
    writeFileSync(out, bytes)
    const digest = createHash('sha256').update(bytes).digest('hex')
    const about = {
      images: statistics.count,
      size: `${width}x${height}`,
      preparation,
      network: inception.digest,
      digest
    }
    if (json) process.stdout.write(`${JSON.stringify({ ...about, file: out })}\n`)
    else
      process.stdout.write(
        `${out}: ${about.images} images of ${about.size}, prepared as ${preparation}, sha256 ${digest}\n`
      )
  } finally {
    await inception.close()
  }
}

/** Images read and looked at together. */
const BATCH = 64

async function statisticsOf(images: Collection, first: Raster, inception: Inception): Promise<Statistics> {
  const sums = accumulator(FEATURES)
  const total = images.names.length
  const line = progressLine()
  for (let done = 0; done < total; done += BATCH) {
    const names = images.names.slice(done, done + BATCH)
    const pixels = Buffer.concat(names.map(name => colours(alike(images.read(name), first, name))))
    sums.add(Float64Array.from(await inception.features(pixels, names.length)))
    const event = { type: 'progress', stage: '', done: done + names.length, total, unit: 'samples' } as const
    if (isLive(process.stderr)) process.stderr.write(`\r${line(event)}`)
  }
  if (isLive(process.stderr)) process.stderr.write('\n')
  return sums.finish()
}

function alike(image: Raster, first: Raster, name: string): Raster {
  if (image.width === first.width && image.height === first.height) return image
  throw new EpdError(
    'images-invalid',
    `${name} has ${image.width}x${image.height} pixels and the first image ${first.width}x${first.height}; give images of one size`
  )
}

/** Gray as colour. */
function colours({ channels, data }: Raster): Uint8Array {
  return channels === 3 ? data : Uint8Array.from({ length: 3 * data.length }, (_, i) => data[Math.floor(i / 3)])
}
