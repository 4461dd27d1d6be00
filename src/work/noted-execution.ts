import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionSpec } from '../executors/execution-keys.js'
import { EXECUTORS } from '../executors/registry.js'
import { readNote, writeNote } from '../files/sealed.js'
import { child } from '../reading/plain.js'
import { ordersFolder } from '../store/folders.js'

function noteFile(root: string, runId: string): string {
  return join(ordersFolder(root), `${runId}.execution.json`)
}

/** Notes where a run's stages are computed, so that it is resumed there. */
export async function noteExecution(root: string, runId: string, execution: ExecutionSpec | undefined): Promise<void> {
  if (execution) await writeNote(noteFile(root, runId), execution)
  else rmSync(noteFile(root, runId), { force: true })
}

/** Where a run's stages were computed last; undefined where that was within its own process, or the note is damaged. */
export async function notedExecution(root: string, runId: string): Promise<ExecutionSpec | undefined> {
  const note = await readNote(noteFile(root, runId))
  return note.state === 'whole' && isExecution(note.content) ? note.content : undefined
}

function isExecution(value: unknown): value is ExecutionSpec {
  const executor = child(value, 'executor')
  return EXECUTORS.some(({ name }) => name === executor)
}
