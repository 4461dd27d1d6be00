import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStore, openStore } from '../../../src/store/store.js'
import { epdRun, main, temporaryFolder, type Line } from '../../support/cli.js'
import { longSpec } from '../../support/long-spec.js'

/** A run that goes on in a process of its own, once it is in the store. */
async function running(store: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [main, longSpec(), '--store', store, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  await new Promise<void>(resolve => {
    createInterface({ input: child.stdout }).on('line', line => {
      if (line.includes('"type":"started","stage":"many"')) resolve()
    })
  })
  return child
}

async function killed(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const closed = once(child, 'exit')
  child.kill(signal)
  await closed
}

/** What a watcher tells of a stage that runs. */
interface Told extends Line {
  readonly status: string
  readonly running: readonly Readonly<Record<string, unknown>>[]
  readonly recent: readonly { readonly name: string }[]
}

const isUnderWay = (line: Line): line is Told =>
  (line as Told).running.some(({ name, done }) => name === 'many' && Number(done) > 0)

describe('a run in another process', () => {
  const store = temporaryFolder()
  let child: ChildProcess
  beforeAll(async () => {
    child = await running(store)
  })
  afterAll(() => child.kill('SIGKILL'))

  it('is seen within its stages, before any of that is in the store, and is stopped once it was killed', async () => {
    const seen: Told[] = []
    const { code, stderr } = await epdRun(['watch', '--store', store, '--json'], {
      onLine(line) {
        seen.push(line as Told)
        if (isUnderWay(line) && child.exitCode === null) child.kill('SIGKILL')
      }
    })
    expect([code, stderr]).toEqual([0, ''])
    expect(seen.find(isUnderWay)).toMatchObject({
      ...{ type: 'watch', status: 'running', stages: 2, done: 1, recent: [{ name: 'few' }] },
      running: [{ name: 'many', total: 50 * 65_536, unit: 'evaluations', worker: { pid: child.pid, sight: 'alive' } }]
    })
    expect(seen.at(-1)).toMatchObject({ status: 'interrupted', error: 'its process was killed', running: [], done: 1 })
  })

  it('that was killed is said to be stopped, with the command that goes on', async () => {
    const { code, stdout, stderr } = await epdRun(['watch', 'long', '--store', store])
    expect([code, stderr]).toEqual([0, ''])
    expect(
      stdout
        .replaceAll(/long-[0-9a-f]{8}/g, 'RUN')
        .replace(/[\d.]+ s$/m, '0 s')
        .split('\n')
        .slice(1)
    ).toEqual([
      '✔ few  0 s',
      expect.stringMatching(/^› many  (nothing of it is|\d+ seeds of it are) kept$/),
      '1 of 2 stages, stopped',
      'RUN is stopped: its process was killed',
      `continue with  epd-run resume RUN --store ${store}`,
      ''
    ])
  })
})

describe('who watches', () => {
  it('leaves the run alone when it ends', async () => {
    const store = temporaryFolder()
    const child = await running(store)
    try {
      const watcher = spawn(process.execPath, [main, 'watch', '--store', store], {
        stdio: ['ignore', 'pipe', 'inherit']
      })
      await once(watcher.stdout, 'data')
      watcher.stdout.resume()
      await killed(watcher, 'SIGINT')
      expect(watcher.signalCode).toBe('SIGINT')
      const opened = openStore(store)
      expect(opened.workers(opened.run('long').id)).toMatchObject([{ pid: child.pid, sight: 'alive' }])
      opened.close()
    } finally {
      await killed(child, 'SIGKILL')
    }
  })

  it('is told where there is nothing to watch', async () => {
    const store = temporaryFolder()
    expect((await epdRun(['watch', '--store', store])).stderr).toContain('no store there')
    createStore(store).close()
    expect(await epdRun(['watch', '--store', store])).toMatchObject({
      code: 1,
      stderr: `epd-run: ${store} has no run yet; run a spec in it first\n`
    })
    expect((await epdRun(['watch', 'none', '--store', store])).stderr).toContain('no run "none"')
  })
})
