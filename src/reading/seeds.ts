import { ref, type Definitions } from './keys.js'
import { LongList } from './long-list.js'

/** Seeds as a spec may write them: 7, "0-1023", "1,2,5-10", or a list of these. */
export type SeedsText = number | string | readonly (number | string)[]

const SEED_MAX = 2 ** 32 - 1
const COUNT_MAX = 10_000_000

/** Seeds that rise by one, both ends included. */
interface Range {
  readonly first: number
  readonly last: number
}

/** Seeds in an order of their own, none of them twice. They are kept as ranges, whatever their number is. */
export class Seeds extends LongList<number> {
  readonly length: number
  private readonly ranges: readonly Range[]
  /** How many seeds there are before each range. */
  private readonly starts: readonly number[]

  /** Ranges in the order of their seeds, none of which overlap. */
  constructor(ranges: readonly { readonly first: number; readonly last: number }[]) {
    super()
    const joined: { first: number; last: number }[] = []
    for (const { first, last } of ranges) {
      const before = joined.at(-1)
      if (before?.last === first - 1) before.last = last
      else joined.push({ first, last })
    }
    let length = 0
    this.starts = joined.map(({ first, last }) => {
      length += last - first + 1
      return length - (last - first + 1)
    })
    this.ranges = joined
    this.length = length
  }

  /** Seeds one by one, in their order; each a whole number from 0 to 2^32 - 1. */
  static of(seeds: Iterable<number>): Seeds {
    return new Seeds(Array.from(seeds, seed => ({ first: seed, last: seed })))
  }

  /** Makes the seeds one by one. */
  override *[Symbol.iterator](): Iterator<number> {
    for (const { first, last } of this.ranges) for (let seed = first; seed <= last; seed++) yield seed
  }

  override *lots(size: number): Generator<number[]> {
    for (let from = 0; from < this.length; from += size) yield this.slice(from, from + size)
  }

  /** Those from one place to before another, as an array. */
  slice(from: number, to: number): number[] {
    const found: number[] = []
    for (let i = lastUpTo(this.starts, from); i < this.ranges.length && this.starts[i] < to; i++) {
      const { first, last } = this.ranges[i]
      const begin = first + Math.max(0, from - this.starts[i])
      const end = Math.min(last, first + to - this.starts[i] - 1)
      for (let seed = begin; seed <= end; seed++) found.push(seed)
    }
    return found
  }

  /** The first of these that is among others too. */
  firstIn(others: Seeds): number | undefined {
    const sorted = [...others.ranges].sort((a, b) => a.first - b.first)
    const begins = sorted.map(({ first }) => first)
    for (const { first, last } of this.ranges) {
      const before = lastUpTo(begins, first)
      const shared = sorted.slice(before, before + 2).find(other => other.last >= first && other.first <= last)
      if (shared) return Math.max(first, shared.first)
    }
    return undefined
  }

  /** Their shortest form, order kept: "0-1023", "1,2,5-10". parseSeeds reads it back. */
  override toString(): string {
    return this.ranges.map(formatRange).join(',')
  }
}

/** The index of the last of rising numbers that is not above a bound; 0 if all are. */
function lastUpTo(rising: readonly number[], bound: number): number {
  let [low, high] = [0, rising.length]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (rising[middle] <= bound) low = middle
    else high = middle
  }
  return low
}

/**
 * The seeds in the order they are written, each from 0 to 2^32 - 1.
 *
 * @throws RangeError for anything else, a range that falls, a seed given twice, or more than ten million of them; the
 * message reads "expected ..., found ...".
 */
export function parseSeeds(seeds: SeedsText): Seeds {
  const ranges = parts(seeds).map(parseRange)
  const count = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  if (count === 0) throw new RangeError('expected seeds such as 0-1023 or 1,2,5-10, found none')
  if (count > COUNT_MAX) throw new RangeError(`expected at most ${COUNT_MAX} seeds, found ${count}`)
  rejectDuplicates(ranges)
  return new Seeds(ranges)
}

function parts(seeds: SeedsText): (number | string)[] {
  if (typeof seeds === 'number') return [seeds]
  if (typeof seeds === 'string') return seeds.split(',')
  return seeds.flatMap(parts)
}

function parseRange(part: number | string): Range {
  const match = /^\s*(\d+)(?:\s*-\s*(\d+))?\s*$/.exec(String(part))
  if (!match) throw new RangeError(`expected seeds such as 0-1023 or 1,2,5-10, found ${JSON.stringify(part)}`)
  const [first, last] = [Number(match[1]), Number(match.at(2) ?? match[1])]
  if (last > SEED_MAX || first > SEED_MAX)
    throw new RangeError(`expected seeds from 0 to ${SEED_MAX}, found ${Math.max(first, last)}`)
  if (last < first)
    throw new RangeError(`expected a range that rises, such as ${last}-${first}, found ${first}-${last}`)
  return { first, last }
}

function rejectDuplicates(ranges: readonly Range[]): void {
  const sorted = [...ranges].sort((a, b) => a.first - b.first)
  sorted.slice(1).forEach(({ first }, i) => {
    if (first <= sorted[i].last) throw new RangeError(`expected each seed once, found ${first} twice`)
  })
}

/** Seeds in their shortest form, order kept: "0-1023", "1,2,5-10". parseSeeds reads it back. */
export function formatSeeds(seeds: Iterable<number>): string {
  return String(seeds instanceof Seeds ? seeds : Seeds.of(seeds))
}

function formatRange({ first, last }: Range): string {
  if (first === last) return String(first)
  return `${first}${last === first + 1 ? ',' : '-'}${last}`
}

export const SEEDS = ref<SeedsText>('seeds')

/** The definition of seeds as a spec writes them. */
export const SEEDS_DEFINITIONS: Definitions = {
  seeds: {
    title: 'seeds such as 0-1023 or 1,2,5-10',
    description: 'Seeds, one a sample: ranges and single numbers from 0 to 4294967295, none of them twice.',
    anyOf: [
      {
        type: ['string', 'integer', 'array'],
        // A pattern of the whole form needs memory for each of its ranges; parseSeeds looks at them.
        pattern: '^\\s*\\d[\\d\\s,-]*$',
        minimum: 0,
        maximum: 4294967295,
        minItems: 1,
        items: {
          title: 'a seed or a range of seeds',
          type: ['string', 'integer'],
          pattern: '^\\s*\\d+(\\s*-\\s*\\d+)?\\s*$',
          minimum: 0,
          maximum: 4294967295
        },
        examples: ['0-1023', '1,2,5-10']
      },
      ref('axis')
    ]
  }
}
