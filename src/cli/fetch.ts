import { statSync } from 'node:fs'
import { EpdError } from '../errors.js'
import { assetAt, assetPath, locations, obtainAssets } from '../pipeline/assets.js'
import { createStore } from '../store/store.js'
import type { SpecFlags } from './main.js'
import { onInterrupt } from './interrupt.js'
import { downloadLine } from './progress.js'
import { load } from './load.js'
import { inColumns } from './columns.js'
import { isLive } from './terminal.js'

const INTERRUPTED = 'Interrupted; what has come is kept. Continue with the same command'

/** Gets all that an experiment reads, so that it can then run without a network. */
export async function fetch(file: string, options: SpecFlags): Promise<void> {
  const { store: dir, json } = options
  const experiment = load(file, options)
  const store = createStore(dir)
  const interrupt = onInterrupt(() => INTERRUPTED)
  try {
    const assets = await obtainAssets(experiment, store, interrupt.signal, event => {
      if (event.type === 'download' && isLive(process.stderr))
        process.stderr.write(`\r${event.url}  ${downloadLine(event)}`)
    })
    const files = []
    for (const location of locations(experiment)) {
      const { path, digest } = assets.get(location) ?? (await assetAt(assetPath(location, store.root)))
      files.push({ location, path, bytes: statSync(path).size, digest })
    }
    if (json) process.stdout.write(`${JSON.stringify(files)}\n`)
    else {
      const rows = files.map(({ location, path, bytes, digest }) => [location, bytes, digest.slice(0, 12), path])
      process.stdout.write(`${inColumns(['file', 'bytes', 'sha256', 'at'], rows)}\n`)
    }
  } catch (error) {
    throw interrupt.signal.aborted ? new EpdError('interrupted', INTERRUPTED) : error
  } finally {
    interrupt.release()
    store.close()
  }
}
