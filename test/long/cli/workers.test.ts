import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { epdRun, temporaryFolder, type Line } from '../../support/cli.js'
import { outcome } from '../../support/outcome.js'
import { smallRun } from '../../support/small-run.js'
import { shardedSpec } from '../../support/workers.js'

const { spec: all, whole: expected } = smallRun()
const spec = shardedSpec()
const whole = temporaryFolder()

beforeAll(async () => {
  expect(await epdRun(['run', spec, '--store', whole])).toMatchObject({ code: 0, stderr: '' })
})

describe('a run with --jobs', () => {
  it('leaves what a run in one process does, of every kind of stage, and nothing of the work in between', async () => {
    const store = temporaryFolder()
    const lines: Line[] = []
    const run = await epdRun(['run', all, '--store', store, '--jobs', '2', '--json'], { onLine: l => lines.push(l) })
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect(outcome(store)).toEqual(outcome(expected))
    expect(readdirSync(join(store, 'results'))).toEqual([])
    expect(readdirSync(join(store, 'orders')).filter(name => !name.endsWith('.log'))).toEqual([])
    const order = lines.flatMap(({ type, stage }) =>
      type === 'started' || type === 'finished' ? [`${type} ${String(stage)}`] : []
    )
    expect(order.indexOf('started lessons')).toBeLessThan(order.indexOf('finished teacher'))
  })
})

describe('work', () => {
  it('refuses what is no order', async () => {
    const file = join(temporaryFolder(), 'order.json')
    const missing = await epdRun(['work', file, '--shards', '0'])
    expect(missing).toMatchObject({ code: 1, stderr: `epd-run: ${file}: there is no such work order\n` })
    writeFileSync(file, '{}')
    const wrong = await epdRun(['work', file, '--shards', '0'])
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toContain('is no work order, or was changed since it was written')
    expect((await epdRun(['work', file, '--shards', '7-3'])).stderr).toContain('expected positions such as 3 or 0-7')
  })
})

describe('where stages run', () => {
  it('is said by a file in the working folder, which a spec and options come before', async () => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'epd-run.config.yaml'), 'execution: { executor: local, jobs: two }\n')
    const wrong = await epdRun(['run', spec, '--store', 'runs'], { cwd })
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toContain(
      'epd-run.config.yaml:1:37: execution.jobs: expected a number of workers, found "two"'
    )
    writeFileSync(join(cwd, 'epd-run.config.yaml'), 'execution: { executor: local, jobs: 2 }\n')
    expect(await epdRun(['run', spec, '--store', 'runs'], { cwd })).toMatchObject({ code: 0, stderr: '' })
    expect(existsSync(join(cwd, 'runs', 'orders'))).toBe(true)
    expect(outcome(join(cwd, 'runs'))).toEqual(outcome(whole))
  })

  it('is refused by name where there is no such executor', async () => {
    const { code, stderr } = await epdRun(['run', spec, '--store', temporaryFolder(), '--executor', 'sloorm'])
    expect(code).toBe(2)
    expect(stderr).toContain('--executor: expected')
  })
})
