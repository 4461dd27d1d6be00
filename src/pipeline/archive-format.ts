import type { StoredObject } from '../store/store.js'

/** The version of an archive's form; another one is not read. */
export const FORMAT = 1

/** The entries of an archive in their order: what is in it, the digest of that, rows of the store, and files. */
export const MANIFEST = 'epd-run-archive.json'
export const DIGEST = 'epd-run-archive.sha256'
export const RECORDS = 'records.jsonl'

/** What is in an archive. */
export interface Manifest {
  readonly format: number
  /** The version of the program that wrote it. */
  readonly epdRun: string
  /** The id of the run. */
  readonly run: string
  /** SHA-256 and bytes of the rows. */
  readonly records: { readonly digest: string; readonly size: number }
  /** The files in their order. */
  readonly objects: readonly StoredObject[]
}

export function objectEntry({ digest, extension }: Pick<StoredObject, 'digest' | 'extension'>): string {
  return `objects/${digest.slice(0, 2)}/${digest}.${extension}`
}
