import { constants } from 'node:buffer'
import { EpdError } from '../errors.js'
import { digestOfFile } from '../files/digest.js'
import { readWhole } from '../files/read.js'
import { systemReason, UnfitFile } from '../files/reasons.js'
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
  return readWhole(path, { most: constants.MAX_LENGTH, wayOut: SMALLER }).catch((error: unknown) => {
    throw unread(error, path)
  })
}

const SMALLER = 'use Node.js 22 or newer, a file without optimiser and averages, or a folder of diffusers'

/** The SHA-256 of a file, as digestOfFile has it. @throws EpdError `checkpoint-missing` */
export async function fileDigest(path: string): Promise<string> {
  return digestOfFile(path).catch((error: unknown) => {
    throw unread(error, path)
  })
}

function unread(error: unknown, path: string): EpdError {
  const reason = systemReason(error) ?? `cannot be read (${String(error)}); correct its path`
  const code = error instanceof UnfitFile ? 'checkpoint-invalid' : 'checkpoint-missing'
  return new EpdError(code, `${path}: ${reason}`, { cause: error })
}
