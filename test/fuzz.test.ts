import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CONFIGURATIONS } from './support/fuzz/configurations.js'
import { FILES } from './support/fuzz/files.js'
import { faultOf, pollution } from './support/fuzz/judge.js'
import { formerFindings, placeIn, type Target } from './support/fuzz/target.js'
import { TEXTS } from './support/fuzz/texts.js'

/** The reader of a target, which answers what is wrong with how it took an input. */
async function readerOf(target: Target) {
  const folder = mkdtempSync(join(tmpdir(), 'epd-fuzz-'))
  const read = await target.open(placeIn(folder), folder)
  return async (input: Buffer) => {
    try {
      await read(input)
    } catch (error) {
      return faultOf(error, target)
    }
    return pollution()
  }
}

describe.each([...FILES, ...TEXTS, ...CONFIGURATIONS].map(target => [target.name, target] as const))(
  'a reader of %s',
  (_, target) => {
    it('takes what it once failed at, and all that fuzzing begins with', async () => {
      const read = await readerOf(target)
      for (const [name, input] of formerFindings(target)) expect([name, await read(input)]).toEqual([name, undefined])
      for (const seed of target.seeds()) expect(await read(seed)).toBe(undefined)
    })
  }
)

it('a fault of the program is told from a refusal', async () => {
  const { EpdError } = await import('../src/errors.js')
  const [target] = FILES
  const thrown = (work: () => unknown) => {
    try {
      return work()
    } catch (error) {
      return error
    }
  }
  expect(faultOf(new EpdError('checkpoint-invalid', 'net.pkl: is cut off'), target)).toBe(undefined)
  expect(
    faultOf(
      thrown(() => (undefined as unknown as string).length),
      target
    )
  ).toContain('Cannot read properties')
  expect(faultOf(new EpdError('checkpoint-invalid', 'net.pkl: x is not a function'), target)).toContain('does not say')
})
