import { stat } from 'node:fs/promises'
import { fileDigest } from '../checkpoints/checkpoint.js'
import { blobDigest, type Expected } from './expected.js'

const verified = new Set<string>()

/** Whether a file is there and has the content that is expected; what has not changed since is not read again. */
export async function isIntact(path: string, { size, sha256, blob }: Expected): Promise<boolean> {
  const info = await stat(path).catch(() => undefined)
  if (!info?.isFile() || (size !== undefined && info.size !== size)) return false
  const state = [path, info.size, info.mtimeMs, info.ino, sha256, blob].join('\n')
  if (verified.has(state)) return true
  if (sha256 !== undefined && (await fileDigest(path)) !== sha256) return false
  if (blob !== undefined && (await blobDigest(path)) !== blob) return false
  verified.add(state)
  return true
}
