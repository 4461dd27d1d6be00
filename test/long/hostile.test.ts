import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EpdError } from '../../src/errors.js'
import { HOSTILE } from '../support/hostile.js'
import { READERS } from '../support/hostile-readers.js'

describe('an input that was made to be slow, endless or too large', () => {
  it.each(HOSTILE.filter(({ heavy }) => !heavy))('$reading: $name', async ({ reading, make, says }) => {
    const folder = mkdtempSync(join(tmpdir(), 'hostile-'))
    const path = await make(folder)
    const outcome = await Promise.resolve()
      .then(() => READERS[reading](path))
      .then(
        () => 'read',
        (error: unknown) => error
      )
    if (says === undefined) {
      expect(outcome).not.toBeInstanceOf(Error)
      return
    }
    expect(outcome).toBeInstanceOf(EpdError)
    const { message } = outcome as EpdError
    expect(message).toMatch(says)
    expect(message).toContain(folder)
    expect(message.length).toBeLessThan(5_000)
  })
})
