import { describe, expect, it } from 'vitest'
import { epdRun, temporaryFolder } from '../../support/cli.js'
import { outcome } from '../../support/outcome.js'
import { smallRun, stored } from '../../support/small-run.js'

const { spec, whole } = smallRun()

describe('Ctrl-C', () => {
  it('stops cleanly, keeps what is done, and says how to go on', async () => {
    const store = temporaryFolder()
    let sent = false
    const stopped = await epdRun(['run', spec, '--store', store, '--json'], {
      onLine(line, child) {
        if (!sent && stored('teacher', 64)(line)) sent = child.kill('SIGINT')
      }
    })
    expect(stopped.code).toBe(130)
    expect(stopped.stderr).toMatch(
      /^Interrupted; what is done is kept\. Continue with: epd-run resume small-[0-9a-f]{8} --store .*\n$/
    )
    expect(outcome(store).status).toBe('interrupted')
    expect(outcome(store).stages[0].shards.length).toBeGreaterThan(0)
    const [, id] = /resume (\S+)/.exec(stopped.stderr)!
    expect(await epdRun(['resume', id, '--store', store])).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(whole))
  })
})
