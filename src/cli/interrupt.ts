import { writeSync } from 'node:fs'
import { EpdError } from '../errors.js'
import { leave } from '../leaving.js'
import { printable } from './printable.js'
import { isLive } from './terminal.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Signal = (typeof SIGNALS)[number]

/** Milliseconds that work has to end by itself before the process does: a batch of a large network takes minutes. */
const PATIENCE = 1200

/** What ends a run from outside: Ctrl-C, the end of its terminal, a request to stop. */
export interface Interrupt {
  readonly signal: AbortSignal
  /** No longer handles signals. */
  readonly release: () => void
}

let current: AbortController | undefined

/** Stops what is under way once its batch is done. Returns whether anything is. */
export function interrupt(): boolean {
  current?.abort(interruption())
  return current !== undefined
}

/** `subject`: the signal that it came by, if it was one. */
function interruption(subject?: Signal): EpdError {
  return new EpdError('interrupted', 'interrupted', { subject })
}

/**
 * Aborts at the first signal. Work that then does not end in time (`patience`, in milliseconds), and a second signal,
 * end the process at once, with `words` as its last. It then dies of the signal, since an ordinary exit waits for
 * threads that are within a native library.
 */
export function onInterrupt(words: () => string, patience = PATIENCE): Interrupt {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined

  const die = (signal: Signal) => {
    release()
    if (isLive(process.stdout)) process.stdout.write(SHOW_CURSOR)
    say(`${printable(words())}\n`)
    leave()
    process.kill(process.pid, signal)
  }
  const stop = (signal: Signal) => {
    if (controller.signal.aborted) {
      die(signal)
      return
    }
    timer = setTimeout(die, patience, signal)
    controller.abort(interruption(signal))
  }
  const release = () => {
    clearTimeout(timer)
    current = undefined
    for (const signal of SIGNALS) process.off(signal, stop)
  }
  for (const signal of SIGNALS) process.on(signal, stop)
  current = controller
  return { signal: controller.signal, release }
}

const SHOW_CURSOR = '\u001b[?25h\n'

/** Whatever stderr is, the words are written before the process ends; a terminal that is gone hears nothing. */
function say(words: string): void {
  try {
    writeSync(process.stderr.fd, words)
  } catch {
    // epd-run ls tells of the run later.
  }
}
