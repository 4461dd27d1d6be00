import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { HEAD, pageIn } from './page.js'

/** The content that a file must have, as far as it is known. */
export interface Expected {
  readonly size?: number
  readonly sha256?: string
  /** The digest that Git names the file's content by. */
  readonly blob?: string
}

interface Wanted {
  readonly expected?: Expected
  readonly name: string
  readonly contentType?: string
}

/** The fault of a file of this SHA-256, for a sentence that begins with its name; undefined where it has none. */
export async function faultOf(file: string, sha256: string, wanted: Wanted): Promise<string | undefined> {
  const { expected = {}, name, contentType } = wanted
  const page = pageIn(await headOf(file), { name, contentType })
  const besides = page === undefined ? '' : `; it is ${page}`
  if (expected.sha256 !== undefined)
    return expected.sha256 === sha256
      ? undefined
      : `has the SHA-256 ${sha256}, and ${expected.sha256} was expected${besides}`
  if (expected.blob === undefined) return page && `is ${page}, not the file`
  const blob = await blobDigest(file)
  return blob === expected.blob ? undefined : `is the Git blob ${blob}, and ${expected.blob} was expected${besides}`
}

async function headOf(file: string): Promise<Buffer> {
  const handle = await open(file)
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** The digest that Git names a file's content by. */
export async function blobDigest(file: string): Promise<string> {
  const hash = createHash('sha1').update(`blob ${(await stat(file)).size}\0`)
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
