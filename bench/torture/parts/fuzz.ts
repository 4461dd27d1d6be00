import { CONFIGURATIONS } from '../../../test/support/fuzz/configurations.js'
import { FILES } from '../../../test/support/fuzz/files.js'
import type { Target } from '../../../test/support/fuzz/target.js'
import { TEXTS } from '../../../test/support/fuzz/texts.js'
import { hunt } from '../fuzz/hunt.js'
import type { Context, Part } from '../part.js'

const MINUTES = 10
/** Targets that are hunted side by side. */
const AT_ONCE = 2

function fuzz(name: string, what: string, targets: readonly Target[]): Part {
  return {
    name,
    title:
      `Readers are given ${what} that are changed at random for ${MINUTES} minutes each; what reaches a branch of the ` +
      'code for the first time, or more often than before, is changed further. A trial is one input. A reader is wrong ' +
      'that fails without an error about the input, takes over 2 s or 256 MiB, changes a prototype, writes a file, ' +
      'starts a process or connects.',
    run(context: Context) {
      const milliseconds = context.short ? 1000 : MINUTES * 60_000
      const lanes: Promise<unknown>[] = new Array<Promise<unknown>>(AT_ONCE).fill(Promise.resolve())
      const rows = targets.map((target, i) => {
        const row = lanes[i % AT_ONCE].then(() => hunt(target, { ...context, milliseconds }))
        // A row that fails is told of where it is asked for.
        lanes[i % AT_ONCE] = row.catch(() => undefined)
        return row
      })
      return eachOf(rows)
    }
  }
}

async function* eachOf<T>(all: readonly Promise<T>[]): AsyncGenerator<T> {
  for (const each of all) yield await each
}

export const fuzzing: readonly Part[] = [
  fuzz('fuzz-files', 'checkpoints, images and other files', FILES),
  fuzz('fuzz-texts', 'specs, options and other texts', TEXTS),
  fuzz('fuzz-configurations', 'configurations of checkpoints', CONFIGURATIONS)
]
