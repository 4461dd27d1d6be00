/** What came of the trials of one kind. Every count but `trials` has to be 0. */
export interface Row {
  readonly what: string
  readonly trials: number
  /** Trials after which something that had been stored was gone, or had other bits. */
  readonly lost: number
  /** Trials that ended with another result than an undisturbed run, or with an error that does not say what is wrong. */
  readonly wrong: number
  /** Processes that were alive after the trial that started them. */
  readonly left: number
  /** Files whose content was executed. */
  readonly executed: number
  /** What else is worth reading, such as how many of the flipped bits were found. */
  readonly note?: string
}

export type Fault = 'lost' | 'wrong' | 'left' | 'executed'

export interface Context {
  /** All that is chosen at random is chosen by it. */
  readonly seed: number
  /** Whether the part is to show in about half a minute that it works, as in CI. */
  readonly short: boolean
  /** How long a part takes that takes as long as it is told to; default: as long as the part says. */
  readonly minutes?: number
  /** A folder of its own, which is deleted afterwards. */
  readonly folder: string
  /** Tells a person what is happening. */
  readonly say: (message: string) => void
}

/** One way of disturbing epd-run. A file of `parts/` exports one, which `registry.ts` lists. */
export interface Part {
  readonly name: string
  readonly title: string
  readonly run: (context: Context) => AsyncIterable<Row>
}

/** Counts the trials of a row, and tells of each fault as it is found. */
export function tally(what: string, say: Context['say']) {
  const counts = { trials: 0, lost: 0, wrong: 0, left: 0, executed: 0 }
  return {
    trial: () => {
      counts.trials++
    },
    fault: (kind: Fault, message: string, count = 1) => {
      counts[kind] += count
      say(`${what}: ${kind}: ${message}`)
    },
    row: (note?: string): Row => ({ what, ...counts, ...(note !== undefined && { note }) })
  }
}

export type Tally = ReturnType<typeof tally>

export function sound({ lost, wrong, left, executed }: Row): boolean {
  return lost + wrong + left + executed === 0
}
