import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { epdRun, temporaryFolder, type Line } from '../support/cli.js'
import { outcome } from '../support/outcome.js'
import { processesWith, shardedSpec, until } from '../support/workers.js'

const spec = shardedSpec()
const whole = temporaryFolder()

beforeAll(async () => {
  expect(await epdRun(['run', spec, '--store', whole])).toMatchObject({ code: 0, stderr: '' })
})

describe('a run with --jobs', () => {
  it('has a worker that is killed replaced', async () => {
    const store = temporaryFolder()
    const run = epdRun(['run', spec, '--store', store, '--jobs', '2'])
    const workers = () => processesWith(join(store, 'orders'))
    await until(() => workers().length > 0)
    process.kill(workers()[0], 'SIGKILL')
    expect(await run).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(whole))
  })

  it('ends its workers on Ctrl-C', async () => {
    const store = temporaryFolder()
    const workers = () => processesWith(join(store, 'orders'))
    let sent = false
    const run = await epdRun(['run', spec, '--store', store, '--jobs', '2', '--json'], {
      onLine(line, child) {
        if (!sent && line.type === 'started') sent = child.kill('SIGINT')
      }
    })
    expect(run.code).toBe(130)
    await until(() => workers().length === 0)
    expect(await epdRun(['resume', '--store', store])).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(whole))
  })

  it('shares a store with another such run, and no stage is computed twice', async () => {
    const store = temporaryFolder()
    const lines: Line[] = []
    const runs = [0, 1].map(() =>
      epdRun(['run', spec, '--store', store, '--jobs', '1', '--json'], { onLine: line => lines.push(line) })
    )
    expect(await Promise.all(runs)).toMatchObject([{ code: 0 }, { code: 0 }])
    const started = lines.flatMap(({ type, stage }) => (type === 'started' ? [stage] : []))
    expect(started.sort()).toEqual(['finer', 'many', 'score'])
    expect(outcome(store)).toEqual(outcome(whole))
  })
})
