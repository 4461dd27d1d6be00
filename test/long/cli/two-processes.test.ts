import { expect, it } from 'vitest'
import { epdRun, temporaryFolder, type Line } from '../../support/cli.js'
import { outcome } from '../../support/outcome.js'
import { smallRun } from '../../support/small-run.js'

const { spec, whole } = smallRun()

it('two processes on one store share the work, no stage computed twice, and leave the same bytes as one in another store', async () => {
  const store = temporaryFolder()
  const lines: Line[] = []
  const both = await Promise.all(
    [0, 1].map(() => epdRun(['run', spec, '--store', store, '--json'], { onLine: line => lines.push(line) }))
  )
  expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
    { code: 0, stderr: '' },
    { code: 0, stderr: '' }
  ])
  expect(lines.filter(({ type }) => type === 'started').length).toBe(8)
  expect(outcome(store)).toEqual(outcome(whole))
})
