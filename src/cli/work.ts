import { EpdError } from '../errors.js'
import type { Share } from '../executors/executor.js'
import { work as computed } from '../work/work.js'
import { interrupt, onInterrupt } from './interrupt.js'
import { printable } from './printable.js'
import { print, tell } from './output.js'

export interface WorkFlags {
  readonly shards: string
  readonly scratch?: string
  readonly threads?: number
  readonly withParent?: boolean
}

/** Milliseconds that a worker has to end by itself; Slurm gives it 30 s unless it was told otherwise. */
const PATIENCE = 25_000

/** Computes shards of a work order. It prints what a log is read for: warnings, and how it ended. */
export async function work(order: string, { shards, scratch, threads, withParent }: WorkFlags): Promise<void> {
  const share = shareOf(shards)
  const held = onInterrupt(() => 'Interrupted; the shards that are done are kept', PATIENCE)
  process.on('SIGUSR1', interrupt)
  if (withParent) endWithParent()
  try {
    const { answerProbe, isProbe } = await import('../work/probe.js')
    if (await isProbe(order)) {
      await answerProbe(order)
      return
    }
    await computed(order, share, {
      ...{ scratch: scratch === undefined ? undefined : filledIn(scratch), threads, signal: held.signal },
      onKept: (name, seconds) => {
        print(`${typeof name === 'number' ? `shard ${name}` : name}: kept after ${seconds.toFixed(1)} s`)
      },
      onEvent: event => {
        if (event.type === 'warning') tell(printable(`warning: ${event.message}`))
      }
    })
  } finally {
    held.release()
    process.off('SIGUSR1', interrupt)
    process.stdin.destroy()
  }
}

/** Positions of shards: one, or the first and the last. */
function shareOf(text: string): Share {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text)
  const first = Number(match?.[1])
  const last = Number(match?.[2] ?? match?.[1])
  if (match && first <= last && Number.isSafeInteger(last)) return { first, last }
  throw new EpdError('usage', `--shards: expected positions such as 3 or 0-7, found ${JSON.stringify(text)}`)
}

/** A path with the values of the environment's variables in it, such as $TMPDIR: a node has its own. */
function filledIn(scratch: string): string {
  return scratch.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? ''
    const value = process.env[name]
    if (value !== undefined && value !== '') return value
    throw new EpdError('usage', `--scratch: ${scratch}: the variable ${name} is not set on this machine`)
  })
}

/** The pipe that stdin is ends where the process does that started this one, however it ends. */
function endWithParent(): void {
  process.stdin.resume()
  process.stdin.on('end', () => {
    interrupt()
  })
}
