import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { settingsText } from '../checkpoints/compvis.js'
import { folderOf, readDiffusers } from '../checkpoints/diffusers.js'
import { checkpointDigest, readNetworkCheckpoint } from '../checkpoints/network.js'
import { EpdError } from '../errors.js'
import { recognise } from '../networks/registry.js'
import type { Shape } from './denoiser.js'
import type { Found, Parts, PartsOptions } from './layout.js'
import { READERS, type Readers } from './readers.js'

/** Changes with what a checkpoint is read as, so that nothing compiled of an earlier reading is used. */
const READING = 2

/**
 * The SHA-256 of all that readParts reads.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`
 */
export async function partsDigest(path: string, { variant, shape, weights }: PartsOptions = {}): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([READING, shape ?? null, weights ?? null]))
  const folder = await folderOf(path)
  if (folder === undefined) {
    if (variant !== undefined)
      throw new EpdError('model-invalid', `${path}: is one file; only a folder of diffusers has a variant (${variant})`)
    hash.update(await checkpointDigest(path)).update((await settingsText(path)).text ?? '')
    return hash.digest('hex')
  }
  for (const file of (await readDiffusers(folder, { variant })).files) hash.update(await fileDigest(file))
  return hash.digest('hex')
}

/**
 * Reads the networks of a checkpoint: a folder or a file that one of the layouts knows.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`, `model-invalid`
 */
export async function readParts(path: string, options: PartsOptions = {}, readers: Readers = READERS): Promise<Parts> {
  const found = await foundAt(path, options, readers)
  for (const layout of readers.layouts) {
    const parts = await layout.read(found, options, readers.networks)
    if (!parts) continue
    checkShape(parts.about.initKwargs, options.shape, path)
    return parts
  }
  const names = readers.layouts.map(({ name }) => name).join(', ')
  throw new EpdError('model-invalid', `${path}: is arranged in no way that is known; known are ${names}`)
}

async function foundAt(path: string, { weights }: PartsOptions, { formats, networks }: Readers): Promise<Found> {
  const folder = await folderOf(path)
  if (folder !== undefined) return { kind: 'folder', folder }
  const isTold = (tensors: Parameters<typeof recognise>[0]) => recognise(tensors, networks) !== undefined
  return { kind: 'file', path, read: await readNetworkCheckpoint(path, { weights, formats, isTold }) }
}

/** A size that a user names must be the checkpoint's own, where that has one. @throws EpdError `model-invalid` */
function checkShape(kwargs: Readonly<Record<string, unknown>>, shape: Shape | undefined, path: string): void {
  if (!shape) return
  const channels = kwargs.in_channels ?? kwargs.img_channels
  const side = kwargs.image_size ?? kwargs.img_resolution
  const { sample_size: sides }: Readonly<Record<string, unknown>> = kwargs
  const own: readonly unknown[] = [channels].concat(Array.isArray(sides) ? sides : [side, side])
  if (channels === undefined || own.every((size, axis) => size === shape[axis])) return
  throw new EpdError(
    'model-invalid',
    `${path}: its samples are of shape ${JSON.stringify(own)}, but shape is ${JSON.stringify(shape)}`
  )
}

/** The folder of a checkpoint's tokeniser: `tokenizer` in its folder, or that folder itself. */
export async function tokenizerOf(path: string): Promise<string> {
  const folder = (await folderOf(path)) ?? dirname(path)
  const own = join(folder, 'tokenizer')
  return existsSync(own) ? own : folder
}
