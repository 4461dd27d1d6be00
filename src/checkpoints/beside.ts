import { EpdError } from '../errors.js'
import { readWhole } from '../files/read.js'
import { isAbsent, systemReason } from '../files/reasons.js'

/**
 * The text of a file that may stand beside a checkpoint; undefined where there is none.
 * @throws EpdError `checkpoint-invalid` for one that cannot be read
 */
export async function readTextBeside(path: string): Promise<string | undefined> {
  try {
    return (await readWhole(path)).toString('utf8')
  } catch (error) {
    if (isAbsent(error)) return undefined
    const reason = systemReason(error) ?? `cannot be read (${String(error)})`
    throw new EpdError('checkpoint-invalid', `${path}: ${reason}`, { cause: error })
  }
}
