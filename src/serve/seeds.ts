import { EpdError } from '../errors.js'
import { parseSeeds } from '../reading/seeds.js'

/** The most seeds that a page shows beside each other. */
const MANY = 64

/** The seeds that a query asks for; undefined where it asks for none. @throws EpdError `usage` */
export function seedsOf(query: URLSearchParams): number[] | undefined {
  const text = query.get('seeds')?.trim() ?? ''
  if (text === '') return undefined
  const seeds = parsed(text)
  if (seeds.length > MANY) throw new EpdError('usage', `seeds: expected at most ${MANY}, found ${seeds.length}`)
  return [...seeds]
}

function parsed(text: string) {
  try {
    return parseSeeds(text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new EpdError('usage', `seeds: ${error.message}`, { cause: error })
  }
}
