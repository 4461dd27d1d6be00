import { statSync } from 'node:fs'
import { EpdError } from '../errors.js'
import { readHeadSync, readWholeSync } from '../files/read.js'
import { systemReason } from '../files/reasons.js'
import { firstNames } from '../first-names.js'
import { formatOf, kindOf } from './formats.js'
import { beginsAsIdx, decodeIdx } from './idx.js'
import { archive, folder, isLitter, type Place } from './places.js'
import type { Raster, Size } from './raster.js'

/** A collection of images by name. Each is read when it is asked for. */
export interface Collection {
  readonly names: readonly string[]
  /** The other files there: those of other kinds, hidden ones, and what systems leave behind. */
  readonly skipped: readonly string[]
  /** The number of pixels of an image, by its header alone. @throws EpdError `images-invalid` */
  readonly size: (name: string) => Size
  /** @throws EpdError `images-invalid` */
  readonly read: (name: string) => Promise<Raster>
}

/**
 * All PNG and JPEG files of a folder and the folders in it, or of a zip archive, in the order of their names; or all
 * images of an IDX file, as MNIST and Fashion-MNIST are published, also packed by gzip, by their numbers from 0.
 * @throws EpdError `images-invalid` if there is no such place, or no image in it
 */
export function openImages(location: string): Collection {
  const found = explainedAt(location, () => (isFileOfImages(location) ? imagesOfIdx(location) : openPlace(location)))
  return 'bytes' in found ? imagesOf(location, found) : found
}

/** The most bytes of an IDX file, which is held in memory. */
const MOST_OF_IDX = 2 ** 31

function isFileOfImages(location: string): boolean {
  return statSync(location, { throwIfNoEntry: false })?.isFile() === true && beginsAsIdx(readHeadSync(location, HEAD))
}

function imagesOfIdx(location: string): Collection {
  const { count, size, pixels } = decodedIdx(location)
  const length = size.width * size.height
  return {
    names: Array.from({ length: count }, (_, i) => String(i)),
    skipped: [],
    size: () => size,
    read: name =>
      Promise.resolve({
        ...size,
        channels: 1,
        data: pixels.subarray(Number(name) * length, (Number(name) + 1) * length)
      })
  }
}

function decodedIdx(location: string) {
  const bytes = readWholeSync(location, { most: MOST_OF_IDX, wayOut: 'give fewer images' })
  try {
    return decodeIdx(bytes)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EpdError('images-invalid', `${location}: ${reason}`, { cause: error })
  }
}

function imagesOf(location: string, place: Place): Collection {
  const images = place.names.filter(isImage).sort()
  const skipped = [...place.names.filter(name => !isImage(name)), ...place.passed].sort()
  if (images.length === 0)
    throw new EpdError(
      'images-invalid',
      `${location}: no PNG or JPEG in it${skipped.length === 0 ? '' : `, but ${firstNames(skipped, TOLD)}`}; ` +
        'give a folder or a zip archive of PNG or JPEG files'
    )
  const explained = (name: string, error: unknown) => {
    if (error instanceof EpdError) return error
    const reason = systemReason(error) ?? (error instanceof Error ? error.message : String(error))
    return new EpdError('images-invalid', `${location}: ${name} cannot be read: ${reason}`, { cause: error })
  }
  return {
    names: images,
    skipped,
    size(name) {
      try {
        return sizeOf(place, name)
      } catch (error) {
        throw explained(name, error)
      }
    },
    async read(name) {
      try {
        const bytes = place.bytes(name)
        return await formatOf(bytes).decode(bytes)
      } catch (error) {
        throw explained(name, error)
      }
    }
  }
}

/** Names told of a list. */
export const TOLD = 5

function explainedAt<T>(location: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    const reason = systemReason(error)
    throw reason === undefined ? error : new EpdError('images-invalid', `${location}: ${reason}`, { cause: error })
  }
}

function openPlace(location: string): Place {
  const info = statSync(location, { throwIfNoEntry: false })
  if (!info) throw new EpdError('images-invalid', `${location}: there is no such folder, zip archive or IDX file`)
  if (info.isDirectory()) return folder(location)
  const head = readHeadSync(location, HEAD)
  if (head[0] === 0x50 && head[1] === 0x4b) return archive(location)
  throw new EpdError(
    'images-invalid',
    `${location}: is ${kindOf(head)}; give a folder or a zip archive of images, or an IDX file`
  )
}

function isImage(name: string): boolean {
  return /\.(png|jpe?g)$/i.test(name) && !name.split(/[/\\]/).some(isLitter)
}

/** Bytes in which the headers of nearly all files say their size. */
const HEAD = 4096

function sizeOf(place: Place, name: string): Size {
  const head = place.head(name, HEAD)
  const size = formatOf(head).size(head) ?? formatOf(head).size(place.bytes(name))
  if (!size) throw new Error('it is cut off')
  return size
}
