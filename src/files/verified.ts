import { checksumOfFile } from './checksum.js'
import { digestOfFile, stampOf } from './digest.js'

/** A file with what it must hold. */
export interface DigestedFile {
  readonly path: string
  /** The SHA-256 of its bytes, in hexadecimal. */
  readonly digest: string
}

/** A file that only has to be what was written. */
export interface ChecksummedFile {
  readonly path: string
  /** The checksum that `checksumOfFile` gives. */
  readonly checksum: string
}

/** A file that does not hold what it must. */
export class ChangedFile extends Error {
  constructor(
    readonly path: string,
    /** The reason, for the end of a sentence. */
    readonly what: 'is missing' | 'has changed since it was written' | 'does not stay as it was written'
  ) {
    super(`${path} ${what}`)
  }
}

/** Times that something is opened where another process puts the same files in their places meanwhile. */
const ATTEMPTS = 5

/**
 * Opens something that reads files by their paths, while they are read and checked here too. What was opened is given
 * out only if the files hold what they must, and were not touched from before it was opened until it was.
 * @throws ChangedFile
 */
export async function openVerified<T extends { close(): Promise<void> }>(
  files: readonly (DigestedFile | ChecksummedFile)[],
  open: () => Promise<T>
): Promise<T> {
  const stamps = async () => (await Promise.all(files.map(({ path }) => stampOf(path).catch(() => 'missing')))).join()
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await stamps()
    const [opened, checked] = await Promise.allSettled([open(), Promise.all(files.map(check))])
    const untouched = (await stamps()) === before
    if (untouched && checked.status === 'fulfilled') {
      if (opened.status === 'rejected') throw opened.reason
      return opened.value
    }
    if (opened.status === 'fulfilled') await opened.value.close()
    if (untouched && checked.status === 'rejected') throw checked.reason
  }
  throw new ChangedFile(files[0].path, 'does not stay as it was written')
}

async function check(file: DigestedFile | ChecksummedFile): Promise<void> {
  const holds = 'digest' in file ? isDigested(file) : isChecksummed(file)
  const found = await holds.catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'missing'
    throw error
  })
  if (found === true) return
  throw new ChangedFile(file.path, found === 'missing' ? 'is missing' : 'has changed since it was written')
}

async function isDigested({ path, digest }: DigestedFile): Promise<boolean> {
  return (await digestOfFile(path)) === digest
}

async function isChecksummed({ path, checksum }: ChecksummedFile): Promise<boolean> {
  return (await checksumOfFile(path)) === checksum
}
