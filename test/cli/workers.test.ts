import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { epdRun, temporaryFolder, type Line } from '../support/cli.js'
import { outcome } from '../support/outcome.js'
import { smallRun } from '../support/small-run.js'
import { processesWith, shardedSpec, until } from '../support/workers.js'

const { spec: all, whole: expected } = smallRun()
const spec = shardedSpec()
const whole = temporaryFolder()

beforeAll(async () => {
  expect(await epdRun(['run', spec, '--store', whole])).toMatchObject({ code: 0, stderr: '' })
})

/** The key of a stage of the run in one process. */
function keyOf(stage: string): string {
  return outcome(whole).stages.find(({ name }) => name === stage)!.key
}

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

  it('leaves no worker behind when it is killed, and goes on from what they have left', async () => {
    const store = temporaryFolder()
    const run = epdRun(['run', spec, '--store', store, '--jobs', '2', '--json'], {
      onLine(line, child) {
        if (line.type === 'progress' && Number(line.stored) > 0) child.kill('SIGKILL')
      }
    })
    expect(await run).toMatchObject({ code: null })
    await until(() => processesWith(join(store, 'orders')).length === 0)
    expect(await epdRun(['resume', '--store', store, '--jobs', '2'])).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(whole))
  })

  it('computes anew what a worker has left that is not what was written, and says so', async () => {
    const store = temporaryFolder()
    for (const [stage, content] of [
      ['many', '{"seal":"0","note":{}}'],
      ['finer', 'garbage\0\u001b[2J']
    ]) {
      mkdirSync(join(store, 'results', keyOf(stage)), { recursive: true })
      writeFileSync(join(store, 'results', keyOf(stage), '0.json'), content)
    }
    const run = await epdRun(['run', spec, '--store', store, '--jobs', '2'])
    expect(run.code).toBe(0)
    expect(run.stderr.split('\n').filter(Boolean).sort()).toEqual([
      'warning: what a worker left of finer (0) is not what was written; it is computed again',
      'warning: what a worker left of many (0) is not what was written; it is computed again'
    ])
    expect(outcome(store)).toEqual(outcome(whole))
  })

  it('fails with what a worker has said once it has failed as often as is allowed', async () => {
    const broken = shardedSpec('execution: { executor: local, jobs: 2, retries: 1, scratch: /dev/null/nowhere }')
    const { code, stderr } = await epdRun(['run', broken, '--store', temporaryFolder()])
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /stage "(many|finer)": 2 workers ended without what they were asked for; its log is \S+\.log/
    )
    expect(stderr).toContain('/dev/null')
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
