import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { spawn } from 'node:child_process'
import { epdRun, main, temporaryFolder } from '../support/cli.js'
import { outcome } from '../support/outcome.js'
import { orders, shardedSpec } from '../support/workers.js'

/** Twenty shards, so that some are left when the first is done. */
const [SEEDS, SHARDS] = ['0-1279', 20]
const spec = shardedSpec('', undefined, SEEDS)
const whole = temporaryFolder()

beforeAll(async () => {
  expect(await epdRun(['run', spec, '--store', whole])).toMatchObject({ code: 0 })
})

describe.each(['SIGTERM', 'SIGUSR1'] as const)('a worker that is sent %s', signal => {
  it('ends, and another goes on from the shards that it has finished', async () => {
    const store = temporaryFolder()
    const [order] = await orders(store, undefined, SEEDS)
    const worker = spawn(process.execPath, [main, 'work', order, '--shards', '0-19'])
    let said = ''
    worker.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('shard')) worker.kill(signal)
    })
    const ended = await new Promise(resolve => {
      worker.on('close', (code, by) => {
        resolve(code ?? by)
      })
    })
    expect(ended).not.toBe(0)
    const kept = [...said.matchAll(/shard (\d+): kept/g)].map(([, position]) => position)
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.length).toBeLessThan(SHARDS)
    const [key] = readdirSync(join(store, 'results'))
    for (const position of kept) expect(existsSync(join(store, 'results', key, `${position}.json`))).toBe(true)
    const next = await epdRun(['work', order, '--shards', '0-19'])
    expect(next.code).toBe(0)
    expect([...next.stdout.matchAll(/shard (\d+): kept/g)].length).toBe(SHARDS - kept.length)
    expect(await epdRun(['run', spec, '--store', store, '--jobs', '1'])).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(whole))
  })
})

describe('deadline', () => {
  it('ends a worker that leaves nothing, and gives out again what it was at', async () => {
    const folder = temporaryFolder()
    const once = join(folder, 'once')
    const stuck = `if mkdir ${once}; then exec sleep 1000; fi; exec ${process.execPath} ${main} work {order} --shards {shards} --with-parent`
    const execution = { executor: 'template', jobs: 1, deadline: 15, retries: 1, command: stuck }
    const store = temporaryFolder()
    const run = await epdRun([
      'run',
      shardedSpec(`execution: ${JSON.stringify(execution)}`, undefined, SEEDS),
      '--store',
      store
    ])
    expect(run).toMatchObject({ code: 0 })
    expect(existsSync(once)).toBe(true)
    expect(outcome(store)).toEqual(outcome(whole))
  })
})
