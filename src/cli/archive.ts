import { archive } from '../pipeline/archive.js'
import { unarchive } from '../pipeline/unarchive.js'
import { createStore, openStore } from '../store/store.js'
import type { Flags } from './flags.js'
import { foundRun } from './found-run.js'
import { onInterrupt } from './interrupt.js'
import type { ArchiveFlags } from './order-flags.js'
import { print, printJson, warn } from './output.js'
import { checkOut } from './out.js'
import { printable } from './printable.js'
import { bytesInWords } from '../words.js'

/** Writes a run whole into a file. */
export async function give(wanted: string, { store: dir, json, out }: ArchiveFlags): Promise<void> {
  checkOut(out)
  const store = openStore(dir)
  try {
    const { id } = foundRun(store, wanted)
    const found = await archive(store, id, out)
    if (json) printJson(found)
    else print(`${out}: run ${id} with ${found.objects.toLocaleString('en')} files, ${bytesInWords(found.bytes)}`)
  } finally {
    store.close()
  }
}

/** Reads a run from a file, and says what of its surroundings has to be here for it to go on. */
export async function take(file: string, { store: dir, json }: Flags): Promise<void> {
  const store = createStore(dir)
  const interrupt = onInterrupt(() => 'Interrupted; the run was not read')
  try {
    const found = await unarchive(store, file, { signal: interrupt.signal })
    for (const name of found.kept) warn(`the predictor ${name} is another here, and stays`)
    if (json) {
      printJson(found)
      return
    }
    const elsewhere = dir === 'runs' ? '' : ` --store ${dir}`
    print(
      [
        `run ${found.run} with ${found.objects.toLocaleString('en')} files`,
        ...found.given.map(({ location, digest }) => printable(`it was given ${location} (sha256 ${digest})`)),
        `details  epd-run show ${found.run}${elsewhere}`
      ].join('\n')
    )
  } finally {
    interrupt.release()
    store.close()
  }
}
