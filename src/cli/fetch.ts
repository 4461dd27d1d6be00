import { EpdError } from '../errors.js'
import { describeCopies, obtainCopies } from '../pipeline/assets.js'
import type { RunEvent } from '../pipeline/event.js'
import { guardedAsync } from '../store/failures.js'
import { createStore } from '../store/store.js'
import type { SpecFlags } from './flags.js'
import { onInterrupt } from './interrupt.js'
import { downloadLine } from './progress.js'
import { load } from './load.js'
import { inColumns } from './columns.js'
import { print, printJson, tellInPlace, warn } from './output.js'

const INTERRUPTED = 'Interrupted; what has come is kept. Continue with the same command'

/** Gets all that an experiment reads, so that it can then run without a network. */
export async function fetch(file: string, options: SpecFlags): Promise<void> {
  const { store: dir, json } = options
  const experiment = await load(file, options)
  for (const message of experiment.warnings) show({ type: 'warning', message })
  const store = createStore(dir)
  const interrupt = onInterrupt(() => INTERRUPTED)
  try {
    const copies = await guardedAsync(store.root, () =>
      obtainCopies({ experiment, store, signal: interrupt.signal, onEvent: show })
    )
    const files = await describeCopies(experiment, copies)
    if (json) printJson(files)
    else {
      const rows = files.map(({ location, path, bytes, digest }) => [location, bytes, digest.slice(0, 12), path])
      print(inColumns(['file', 'bytes', 'sha256', 'at'], rows))
    }
  } catch (error) {
    throw interrupt.signal.aborted ? new EpdError('interrupted', INTERRUPTED) : error
  } finally {
    interrupt.release()
    store.close()
  }
}

function show(event: RunEvent): void {
  if (event.type === 'warning') warn(event.message)
  if (event.type === 'download' && process.stderr.isTTY) tellInPlace(`${event.url}  ${downloadLine(event)}`)
}
