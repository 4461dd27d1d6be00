import { EpdError } from '../errors.js'
import { checkedContents } from '../store/checked-contents.js'
import type { CheckedRow } from '../store/seals.js'
import { readRecordSync, type RecordName, type WorkRecord } from './records.js'

/** Which stage's records are read: `root` and `file` are the store's folder and its database. */
export interface LeftOf {
  readonly root: string
  readonly file: string
  readonly folder: string
  readonly key: string
}

/** A record whose rows have their seals, and whose files have their digests. */
export interface Left extends Omit<WorkRecord, 'contents'> {
  readonly rows: readonly CheckedRow[]
}

/**
 * Reads a record and every file that it names. `damaged` is one that is not what was written, of another stage, or of
 * work that was not finished.
 * @throws EpdError `store-unwritable` where a file cannot be read
 */
export function readLeft({ root, file, folder, key }: LeftOf, name: RecordName): Left | 'missing' | 'damaged' {
  const record = readRecordSync(folder, name)
  if (typeof record === 'string') return record
  const { contents, ...about } = record
  if (record.key !== key || record.cost === undefined) return 'damaged'
  try {
    return { ...about, rows: checkedContents(root, file, key, contents) }
  } catch (error) {
    if (error instanceof EpdError && error.code === 'store-corrupt') return 'damaged'
    throw error
  }
}
