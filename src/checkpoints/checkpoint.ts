import { constants } from 'node:buffer'
import { open } from 'node:fs/promises'
import { EpdError } from '../errors.js'
import { digestOfFile } from '../files/digest.js'
import { readContent } from './formats.js'
import type { Tree } from './tensor.js'

/**
 * Reads a checkpoint file as plain data, whatever its format (formats.ts lists them all); formats are told apart by
 * content. Reading never runs code: classes, and calls of anything but the constructors of tensors, become tagged data,
 * and a call that could only do harm is an error that names it.
 * @throws EpdError `checkpoint-missing`, `checkpoint-invalid`
 */
export async function readCheckpoint(path: string): Promise<Tree> {
  return readCheckpointBytes(await readCheckpointFile(path), path)
}

/** @throws EpdError `checkpoint-invalid` */
export function readCheckpointBytes(bytes: Buffer, path: string): Tree {
  const content = readContent({ bytes, path })
  return content.kind === 'tree' ? content.tree : content.tensors
}

/** The bytes of a whole file. @throws EpdError `checkpoint-missing`, `checkpoint-invalid` */
export async function readCheckpointFile(path: string): Promise<Buffer> {
  return wholeFile(path).catch((error: unknown) => {
    throw missing(error, path)
  })
}

/** The most bytes that one read takes. Node's readFile refuses files above 2 GiB. */
const CHUNK = 1 << 30

async function wholeFile(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    if (size > constants.MAX_LENGTH)
      throw new EpdError(
        'checkpoint-invalid',
        `${path}: has ${(size / 2 ** 30).toFixed(1)} GiB, and this Node.js holds ` +
          `${constants.MAX_LENGTH / 2 ** 30} GiB ` +
          'at once; use Node.js 22 or newer, a file without optimiser and averages, or a folder of diffusers'
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

/** The SHA-256 of a file, as digestOfFile has it. @throws EpdError `checkpoint-missing` */
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
