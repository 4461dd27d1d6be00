import type { CheckpointFile, Format } from './format.js'
import { beginsAsZip, readZip, type Zip } from './zip.js'

/** A zip of one .ckpt, as latent diffusion is published. */
export const ZIPPED_CHECKPOINT: Format = {
  name: 'a .zip of one .ckpt',
  recognises: file => checkpointIn(opened(file)) !== undefined,
  read(file, inner) {
    const zip = readZip(file.bytes, file.path)
    const bytes = zip.read(checkpointIn(zip) ?? '') ?? Buffer.alloc(0)
    return inner({ bytes, path: file.path })
  }
}

/** The archive; undefined for a file that is no zip, or a damaged one, which a format that reads it explains. */
function opened({ bytes, path }: CheckpointFile): Zip | undefined {
  if (!beginsAsZip(bytes)) return undefined
  try {
    return readZip(bytes, path)
  } catch {
    return undefined
  }
}

function checkpointIn(zip: Zip | undefined): string | undefined {
  const found = zip?.names.filter(name => name.endsWith('.ckpt')) ?? []
  return found.length === 1 ? found[0] : undefined
}
