import { fileSystemOf } from '../files/file-system.js'
import type { Database } from './sqlite.js'
import { TIMEOUT } from './unwritable.js'

/**
 * How SQLite keeps a transaction whole. Its log of changes (WAL) needs memory that all who read and write share, which
 * machines that see one file system do not: https://www.sqlite.org/wal.html.
 */
function journalIn(root: string): 'wal' | 'truncate' {
  return fileSystemOf(root).isShared ? 'truncate' : 'wal'
}

/** Milliseconds between two attempts. */
const PAUSE = 10

/**
 * Has a database keep its transactions whole as its folder allows. Of several processes that open a new store at once,
 * each waits for the others to let go of the file. SQLite then refuses at once, and does not wait by itself.
 */
export function keepJournal(database: Database, root: string): void {
  const mode = journalIn(root)
  const until = performance.now() + TIMEOUT
  for (;;) {
    try {
      if (database.pragma('journal_mode', { simple: true }) !== mode) database.pragma(`journal_mode = ${mode}`)
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() > until) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE)
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')
}
