import { fileDigest } from '../checkpoints/checkpoint.js'
import { EpdError } from '../errors.js'
import type { EmbeddedFile } from './fashion28.js'

/** The path of a file that comes with the project, once its content is what it came with. @throws EpdError */
export async function soundFile({ path, digest }: EmbeddedFile): Promise<string> {
  if ((await fileDigest(path)) === digest) return path
  throw new EpdError(
    'checkpoint-invalid',
    `${path}: is not the file that came with epd-run, whose SHA-256 is ${digest}; install epd-run again`
  )
}
