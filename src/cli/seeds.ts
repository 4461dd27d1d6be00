import { EpdError } from '../errors.js'
import { parseSeeds, type Seeds } from '../reading/seeds.js'

/** The seeds that --seeds gives. @throws EpdError `usage` */
export function seedsIn(text: string): Seeds {
  try {
    return parseSeeds(text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new EpdError('usage', `--seeds: ${error.message}`, { cause: error })
  }
}
