import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { createStore } from '../../src/store/store.js'
import { epdRun, main, temporaryFolder } from '../support/cli.js'
import { unpackStore } from '../support/old-stores.js'

function emptyStore(): string {
  const store = temporaryFolder()
  createStore(store).close()
  return store
}

/** A server in a process of its own, once it has said a line. */
async function serving(...args: readonly string[]): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, [main, 'serve', '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { child, line }
}

describe('epd-run serve', () => {
  it('says where it listens, answers there, and ends at once at Ctrl-C, with a page that is open', async () => {
    const { child, line } = await serving('--store', emptyStore())
    const [, url] = /^(http:\/\/127\.0\.0\.1:\d+\/) {2}\(Ctrl-C ends it\)$/.exec(line) ?? []
    const answer = await fetch(url)
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('no run yet')])
    const ended = once(child, 'exit')
    child.kill('SIGINT')
    expect(await ended).toEqual([null, 'SIGINT'])
  })

  it('tells programs where in a line of JSON', async () => {
    const store = emptyStore()
    const { child, line } = await serving('--store', store, '--json')
    const { url, ...rest } = JSON.parse(line) as { url: string }
    expect(rest).toEqual({ type: 'listening', store })
    expect((await fetch(url)).status).toBe(200)
    child.kill('SIGTERM')
    await once(child, 'exit')
  })

  it('refuses a port that is taken, with the way out', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { code, stdout, stderr } = await epdRun(['serve', '--port', String(port), '--store', emptyStore()])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toBe(
      `epd-run: --port ${port}: another program listens there; name another with --port, or any that is free with --port 0\n`
    )
    other.close()
  })

  it.each(['x', '-1', '65536', '1.5', ''])('refuses the port %j', async port => {
    const { code, stderr } = await epdRun(['serve', `--port=${port}`])
    expect([code, stderr]).toEqual([2, expect.stringContaining('expected a whole number from 0 to 65535')])
  })

  it('refuses what is no store, and one of an earlier version, as other commands do', async () => {
    const empty = temporaryFolder()
    expect(await epdRun(['serve', '--port', '0', '--store', empty])).toEqual({
      ...{ code: 1, stdout: '' },
      stderr: `epd-run: ${empty}: no store there; run an experiment first, or name another folder with --store\n`
    })
    const old = temporaryFolder()
    unpackStore(3, old)
    const [served, listed] = [
      await epdRun(['serve', '--port', '0', '--store', old]),
      await epdRun(['ls', '--store', old])
    ]
    expect(served).toEqual(listed)
    expect(served.stderr).toContain('the store is of version')
  })

  it('ends where nobody reads what it prints any more', async () => {
    const child = spawn('bash', [
      '-c',
      `exec ${process.execPath} ${main} serve --port 0 --store ${emptyStore()} 2>&1 | :; echo $PIPESTATUS`
    ])
    expect((await text(child.stdout)).trim()).toBe('141')
  })
})
