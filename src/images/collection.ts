import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readZip } from '../checkpoints/zip.js'
import { EpdError } from '../errors.js'
import { decodePng, type Raster } from './png.js'

/** Images by name, each read when it is asked for. */
export interface Collection {
  readonly names: readonly string[]
  /** @throws EpdError `images-invalid` */
  readonly read: (name: string) => Raster
}

/**
 * All PNG files of a folder and the folders in it, or of a zip archive, in the order of their names.
 * @throws EpdError `images-invalid` if there is no such place, or no image in it
 */
export function openImages(place: string): Collection {
  const info = statSync(place, { throwIfNoEntry: false })
  if (!info) throw new EpdError('images-invalid', `${place}: there is no such folder or zip archive`)
  const { names, bytes } = info.isDirectory() ? folder(place) : archive(place)
  const images = names.filter(name => /\.png$/i.test(name)).sort()
  if (images.length === 0)
    throw new EpdError('images-invalid', `${place}: no PNG in it; give a folder or a zip archive of PNG files`)
  return {
    names: images,
    read(name) {
      try {
        return decodePng(bytes(name))
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        throw new EpdError('images-invalid', `${place}: ${name} cannot be read: ${reason}`, { cause: error })
      }
    }
  }
}

function folder(place: string) {
  const names = readdirSync(place, { recursive: true }).map(String)
  return { names, bytes: (name: string): Uint8Array => readFileSync(join(place, name)) }
}

function archive(place: string) {
  const zip = readZip(readFileSync(place), place)
  return { names: zip.names, bytes: (name: string): Uint8Array => zip.read(name) ?? new Uint8Array(0) }
}
