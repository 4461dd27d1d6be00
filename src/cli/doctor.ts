import { dirname } from 'node:path'
import { cacheFolder, copyAt, findCopies } from '../pipeline/assets.js'
import type { Copy } from '../pipeline/sources.js'
import { BATCH, diagnose, type Diagnosis } from '../pipeline/doctor.js'
import type { DoctorFlags } from './flags.js'
import { inColumns } from './columns.js'
import { isLive } from './terminal.js'
import { load } from './load.js'
import { print, printJson, tellInPlace, warn } from './output.js'

/**
 * Prints every engine and provider: whether it works here, what is missing, and how fast it is on the model of a spec.
 */
export async function doctor(file: string | undefined, options: DoctorFlags): Promise<void> {
  if (options.executor !== undefined) {
    const { doctorOf } = await import('./doctor-executor.js')
    await doctorOf(options)
    return
  }
  const { store, json } = options
  const experiment = file === undefined ? undefined : await load(file, options)
  const copies = experiment ? await findCopies(experiment, store) : new Map<string, Copy>()
  const place = {
    at: (location: string) => copyAt(copies, location),
    cwd: dirname(experiment?.file ?? ''),
    cacheDir: cacheFolder(store),
    onNote: warn
  }
  const found: Diagnosis[] = []
  for await (const one of diagnose(experiment?.model, place)) {
    found.push(one)
    if (!json && isLive(process.stderr)) tellInPlace(`${one.runner} …`)
  }
  if (!json && isLive(process.stderr)) tellInPlace('')
  if (json) printJson(found)
  else print(engineTable(found, experiment !== undefined && !('command' in experiment.model)))
}

/** What works, as a table; below it, in lines of any length, why the rest does not, and what to do about it. */
export function engineTable(found: readonly Diagnosis[], timed = false): string {
  const times = timed ? ['ms an image', `in batches of ${BATCH}`] : []
  const rows = found.map(({ runner, works, single, batched }) => [
    runner,
    works ? 'works' : 'no',
    ...(timed ? [single ?? null, batched ?? null] : [])
  ])
  const missing = found.flatMap(({ runner, works, reason, wayOut }) =>
    works ? [] : [`${runner}: ${[reason, wayOut].filter(Boolean).join(': ')}`]
  )
  return [inColumns(['engine:provider', 'here', ...times], rows), ...(missing.length > 0 ? ['', ...missing] : [])].join(
    '\n'
  )
}
