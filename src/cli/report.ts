import { placeFileSync } from '../files/place.js'
import { report as made } from '../report/report.js'
import { openStore } from '../store/store.js'
import type { Flags } from './flags.js'
import { checkOut } from './out.js'
import { print, printJson, warn } from './output.js'

/** What the command is told beside the runs. */
export interface ReportFlags extends Flags {
  /** The .html to write. */
  readonly out: string
}

/** Writes one page about runs. */
export async function report(runs: readonly string[], { store: dir, out, json }: ReportFlags): Promise<void> {
  checkOut(out)
  const store = openStore(dir)
  try {
    const page = Buffer.from(await made(store, runs, { storeName: dir, onNote: warn }))
    placeFileSync(out, page)
    if (json) printJson({ file: out, bytes: page.length })
    else print(`${out}  ${(page.length / 1e6).toFixed(2)} MB`)
  } finally {
    store.close()
  }
}
