import { constants } from 'node:buffer'
import { open } from 'node:fs/promises'
import { EpdError } from '../errors.js'
import { digestOfFile } from '../files/digest.js'
import { foreignKind } from './file-kinds.js'
import { PickleError } from './pickle-values.js'
import { isSafetensors, readSafetensors } from './safetensors.js'
import type { Tree } from './tensor.js'
import { isTorchLegacy, readPickle, readTorchLegacy, readTorchZip } from './torch.js'

/**
 * The contents of a checkpoint file as plain data: a pickle (.pkl), PyTorch's .pt or .pth (zip or legacy), or safetensors,
 * told apart by their content. Reading never runs code: classes, and calls of anything but the constructors of tensors, become
 * tagged data, and a call that could only do harm is an error that names it.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`
 */
export async function readCheckpoint(path: string): Promise<Tree> {
  return readCheckpointBytes(await readCheckpointFile(path), path)
}

export function readCheckpointBytes(bytes: Buffer, path: string): Tree {
  if (isSafetensors(bytes)) return readSafetensors(bytes, path)
  try {
    if (bytes.subarray(0, 2).toString('latin1') === 'PK') return readTorchZip(bytes, path)
    if (isTorchLegacy(bytes)) return readTorchLegacy(bytes)
    if (bytes[0] === 0x80 || isTextualPickle(bytes)) return readPickle(bytes)
  } catch (error) {
    throw explained(error, path)
  }
  throw new EpdError(
    'checkpoint-invalid',
    `${path}: is not a checkpoint (${describe(bytes, path)}); expected a pickle, a PyTorch file or safetensors`
  )
}

/** @throws EpdError `checkpoint-missing` */
export async function readCheckpointFile(path: string): Promise<Buffer> {
  return wholeFile(path).catch((error: unknown) => {
    throw missing(error, path)
  })
}

/** What a read takes at once; readFile itself refuses files above 2 GiB. */
const CHUNK = 1 << 30

async function wholeFile(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    if (size > constants.MAX_LENGTH)
      throw new EpdError(
        'checkpoint-invalid',
        `${path}: has ${(size / 2 ** 30).toFixed(1)} GiB, and this Node.js holds ${constants.MAX_LENGTH / 2 ** 30} GiB at once; use Node.js 22 or newer, a file without optimiser and averages, or a folder of diffusers`
      )
    const bytes = Buffer.allocUnsafeSlow(size)
    let at = 0
    while (at < size) {
      const { bytesRead } = await file.read(bytes, at, Math.min(CHUNK, size - at), at)
      if (bytesRead === 0) break
      at += bytesRead
    }
    return bytes.subarray(0, at)
  } finally {
    await file.close()
  }
}

/** SHA-256 of a file, as digestOfFile has it. @throws EpdError `checkpoint-missing` */
export async function fileDigest(path: string): Promise<string> {
  return digestOfFile(path).catch((error: unknown) => {
    throw missing(error, path)
  })
}

function missing(error: unknown, path: string): EpdError {
  if (error instanceof EpdError) return error
  const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  const what = reason === 'ENOENT' ? 'there is no such file' : `cannot be read (${reason})`
  return new EpdError('checkpoint-missing', `${path}: ${what}; correct its path`, { cause: error })
}

function explained(error: unknown, path: string): unknown {
  if (error instanceof EpdError) return error
  const reason = error instanceof Error ? error.message : String(error)
  if (error instanceof PickleError)
    return new EpdError('checkpoint-invalid', `${path}: cannot be read as a checkpoint: ${reason}`)
  return new EpdError('checkpoint-invalid', `${path}: is damaged (${reason}); download or copy it again`, {
    cause: error
  })
}

/** How pickles of protocols 0 and 1 begin, which have no mark of their own: with a container, or a class by its name. */
const TEXTUAL =
  /^(\(([dlt](p\d|q|\.|[SVIK(])|i[\w.]+\n|c[\w.]+\n|[SV][^\n]*\n)|[\]}](p\d|q|\.|\()|c[\w.]+\r?\n\w[\w.]*\r?\n)/

function isTextualPickle(bytes: Buffer): boolean {
  return TEXTUAL.test(bytes.toString('latin1', 0, 200))
}

function describe(bytes: Buffer, path: string): string {
  return foreignKind(bytes, path) ?? `it begins with the bytes ${bytes.subarray(0, 4).toString('hex')}`
}
