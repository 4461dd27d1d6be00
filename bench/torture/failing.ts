import { outcome } from '../../test/support/outcome.js'
import { isDeepStrictEqual } from 'node:util'
import type { Tally } from './part.js'
import { expectNoneLeft, launch, type Ended } from './trial.js'
import { expectWhole, type Whole } from './whole.js'

/** A run that something is wrong with. */
export interface Trouble {
  readonly spec: string
  readonly store: string
  readonly whole: Whole
  readonly tally: Tally
  readonly marked: string
  /** What went wrong, for people. */
  readonly when: string
}

/** The most characters that say what is wrong, and how it is mended. */
const SENTENCES = 600

/**
 * Expects of a run with a fault that it came to the right end, or that it says in a sentence or two why not; and of the
 * next run, which is undisturbed, that it comes to the right end.
 * @returns whether the run with the fault came to its end
 */
export async function expectRecovery(ended: Ended, trouble: Trouble): Promise<boolean> {
  const { spec, store, whole, tally, marked, when } = trouble
  await expectNoneLeft(marked, tally)
  if (ended.code === 0) {
    if (!isDeepStrictEqual(outcome(store), whole.outcome)) tally.fault('wrong', `another result with ${when}`)
  } else {
    const wrong = unclear(ended)
    if (wrong !== undefined) tally.fault('wrong', `${wrong} with ${when}: ${ended.stderr.slice(0, 2000)}`)
  }
  const { code, stderr } = await launch(['run', spec, '--store', store], { marked }).ended
  if (code !== 0) tally.fault('wrong', `the run after it ended with ${code} with ${when}: ${stderr}`)
  expectWhole(store, whole, tally, when)
  await expectNoneLeft(marked, tally)
  return ended.code === 0
}

/** What is wrong with the words that a run ends with. */
export function unclear({ code, signal, stderr }: Ended): string | undefined {
  if (code === null) return `it was ended by ${signal ?? 'nothing'}`
  const said = stderr.trim()
  if (said === '') return `it ended with ${code} and says nothing`
  if (/^ +at .*:\d+:\d+\)?$|node:internal|\bSQLITE_[A-Z_]+\b.*\bat\b/m.test(said)) return 'it shows a stack'
  return said.length > SENTENCES ? 'it says more than a sentence or two' : undefined
}
