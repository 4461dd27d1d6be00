import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { epdRun, main, temporaryFolder } from '../support/cli.js'
import { outcome } from '../support/outcome.js'
import { ssh } from '../support/ssh.js'
import { processesWith, shardedSpec } from '../support/workers.js'
import { install } from '../support/debian.js'
import { until } from './cluster.js'

const PORT = 16822
const spec = shardedSpec()
const whole = temporaryFolder()
let daemon: ChildProcess
let cwd: string

beforeAll(async () => {
  install({ '/usr/sbin/sshd': 'openssh-server', '/usr/bin/ssh': 'openssh-client' })
  const folder = temporaryFolder()
  chmodSync(folder, 0o700)
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  for (const name of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)])
  copyFileSync(join(folder, 'user.pub'), join(folder, 'authorized'))
  const options = [`HostKey=${join(folder, 'host')}`, `AuthorizedKeysFile=${join(folder, 'authorized')}`]
  const more = [
    'StrictModes=no',
    'PermitRootLogin=yes',
    'UsePAM=no',
    `PidFile=${join(folder, 'pid')}`,
    'ListenAddress=127.0.0.1'
  ]
  const args = [...options, ...more].flatMap(option => ['-o', option])
  daemon = spawn('/usr/sbin/sshd', ['-D', '-f', '/dev/null', '-p', String(PORT), ...args], { stdio: 'ignore' })
  const line = ssh(join(folder, 'user'), '127.0.0.1', PORT)
  cwd = temporaryFolder()
  const command = `${line} ${process.execPath} ${main} work {order} --shards {shards} --with-parent`
  const execution = { executor: 'template', jobs: 2, command }
  writeFileSync(join(cwd, 'epd-run.config.yaml'), JSON.stringify({ execution }))
  const plain = temporaryFolder()
  await until(() => isThere(`${line} true`), 'sshd answers')
  expect(await epdRun(['run', spec, '--store', whole], { cwd: plain })).toMatchObject({ code: 0 })
})

afterAll(() => {
  daemon.kill()
})

function isThere(line: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', line], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('in short: a command line of ssh', () => {
  it('leaves what a run in one process does', async () => {
    const store = temporaryFolder()
    expect(await epdRun(['run', spec, '--store', store], { cwd })).toMatchObject({ code: 0, stderr: '' })
    expect(outcome(store)).toEqual(outcome(whole))
  })

  it('ends its workers where the coordinator is killed, and goes on from what they have left', async () => {
    const store = temporaryFolder()
    const run = await epdRun(['run', spec, '--store', store, '--json'], {
      cwd,
      onLine(line, child) {
        if (line.type === 'progress') child.kill('SIGKILL')
      }
    })
    expect(run.code).toBe(null)
    await until(() => processesWith(join(store, 'orders')).length === 0, 'no worker is left')
    expect(await epdRun(['resume', '--store', store], { cwd })).toMatchObject({ code: 0 })
    expect(outcome(store)).toEqual(outcome(whole))
  })
})
