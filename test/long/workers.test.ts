import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
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

/** The key of a stage of the run in one process. */
function keyOf(stage: string): string {
  return outcome(whole).stages.find(({ name }) => name === stage)!.key
}

describe('a run with --jobs', () => {
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

  it('has a worker that is killed replaced', async () => {
    const store = temporaryFolder()
    const run = epdRun(['run', spec, '--store', store, '--jobs', '2'])
    const workers = () => processesWith(join(store, 'orders'))
    await until(() => workers().length > 0)
    process.kill(workers()[0], 'SIGKILL')
    expect(await run).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(whole))
  })

  it('ends its workers on Ctrl-C, and calls none of them lost', async () => {
    const store = temporaryFolder()
    const workers = () => processesWith(join(store, 'orders'))
    let sent = false
    const run = await epdRun(['run', spec, '--store', store, '--jobs', '2', '--json'], {
      onLine(line, child) {
        if (!sent && line.type === 'started') sent = child.kill('SIGINT')
      }
    })
    expect(run.code).toBe(130)
    expect(run.stderr).not.toContain('warning')
    await until(() => workers().length === 0)
    expect((await epdRun(['status', '--store', store])).stdout).not.toContain('lost')
    expect(await epdRun(['resume', '--store', store])).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(whole))
  })

  it('gives the stages that stand first the workers that become free', async () => {
    const first = shardedSpec('execution: { executor: local, jobs: 1, evaluations: 1 }', undefined, '0-1')
    writeFileSync(first, `${readFileSync(first, 'utf8')}  last: { kind: sample, seeds: 200-455 }\n`)
    const ended: unknown[] = []
    const onLine = ({ type, stage }: Line) => {
      if (type === 'finished') ended.push(stage)
    }
    expect(await epdRun(['run', first, '--store', temporaryFolder(), '--json'], { onLine })).toMatchObject({ code: 0 })
    expect(ended).toEqual(['many', 'finer', 'score', 'last'])
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
