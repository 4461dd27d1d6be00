import { ref, type Definitions } from './keys.js'

/** Seeds as a spec may write them: 7, "0-1023", "1,2,5-10", or a list of these. */
export type SeedsText = number | string | readonly (number | string)[]

const SEED_MAX = 2 ** 32 - 1
const COUNT_MAX = 10_000_000

interface Range {
  readonly first: number
  readonly last: number
}

/**
 * The seeds in the order they are written, each from 0 to 2^32 - 1.
 *
 * @throws RangeError for anything else, a range that falls, a seed given twice, or more than ten million of them; the
 * message reads "expected ..., found ...".
 */
export function parseSeeds(seeds: SeedsText): number[] {
  const ranges = parts(seeds).map(parseRange)
  const count = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  if (count === 0) throw new RangeError('expected seeds such as 0-1023 or 1,2,5-10, found none')
  if (count > COUNT_MAX) throw new RangeError(`expected at most ${COUNT_MAX} seeds, found ${count}`)
  rejectDuplicates(ranges)
  return ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i))
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
export function formatSeeds(seeds: readonly number[]): string {
  const ranges: { first: number; last: number }[] = []
  for (const seed of seeds) {
    const range = ranges.at(-1)
    if (range?.last === seed - 1) range.last = seed
    else ranges.push({ first: seed, last: seed })
  }
  return ranges.map(formatRange).join(',')
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
