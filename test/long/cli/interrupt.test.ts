import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createStore, openStore } from '../../../src/store/store.js'
import { epdRun, smallSpec, temporaryFolder } from '../../support/cli.js'

const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))

interface ProgramOptions {
  /** What it does at its first request, before it notes the pids of `pids`. */
  readonly body?: string
  /** What it does behind that; it never answers. */
  readonly forever?: string
  /** A shell's line that starts it; default: it is started without a shell. */
  readonly line?: string
  /** Whether it starts without waiting for a request, before it has said what it is. */
  readonly mute?: boolean
}

/** A program that notes the pids of itself and of what it has started. */
function programSpec({ body = '', forever = BUSY, line, mute = false }: ProgramOptions = {}) {
  const folder = temporaryFolder()
  writeFileSync(
    join(folder, 'model.cjs'),
    `const { spawn } = require('node:child_process')
const { writeFileSync } = require('node:fs')
const pids = [process.pid]
const work = () => {
  ${body}
  writeFileSync('pids', pids.join(' '))
  ${forever}
}
${mute ? 'work()' : "process.stdin.once('data', work)"}
`
  )
  const spec = join(folder, 'spec.yaml')
  const command = line === undefined ? [process.execPath, 'model.cjs'] : ['sh', '-c', line]
  const shape = mute ? '' : ', shape: [3, 2, 2]'
  writeFileSync(
    spec,
    `name: busy
model: { command: ${JSON.stringify(command)}, version: '1'${shape} }
solver: { name: euler, nfe: 2 }
stages: { a: { kind: sample, seeds: 0-7 } }
`
  )
  return { spec, pids: join(folder, 'pids') }
}

const BUSY = 'for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'

/** Starts a program that runs for ever, in the same group or in a session of its own. */
function starting(options: string): string {
  return `pids.push(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], ${options}).pid)`
}

/** Has a shell that ends at once start a program that runs for ever, whose parent is then the system's first process. */
const DAEMON = `const { execFileSync } = require('node:child_process')
  const line = 'setsid sleep 1000 > /dev/null 2>&1 < /dev/null & echo $!'
  pids.push(Number(execFileSync('sh', ['-c', line], { encoding: 'utf8' })))`

/** Runs a spec, and sends signals once its program computes. */
async function interrupted({ spec, pids }: { spec: string; pids: string }, signals: readonly NodeJS.Signals[]) {
  const store = temporaryFolder()
  const child = spawn(process.execPath, [main, spec, '--store', store], { stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const closed = once(child, 'close')
  while (!existsSync(pids) || readFileSync(pids, 'utf8') === '') await sleep(20)
  const started = readFileSync(pids, 'utf8').split(' ').map(Number)
  for (const signal of signals) child.kill(signal)
  await closed
  const opened = openStore(store)
  const status = opened.runs().at(0)?.status
  opened.close()
  // A busy machine may leave it no time to end by itself.
  const ended = child.exitCode === 130 || child.signalCode === signals[0]
  return { ended, stderr, status, left: await survivors(started) }
}

/** Processes that are still there; one that was killed takes a moment to go. */
async function survivors(pids: readonly number[]): Promise<number[]> {
  let left = [...pids]
  for (let i = 0; i < 100 && left.length > 0; i++) {
    left = left.filter(isThere)
    await sleep(20)
  }
  return left
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A zombie is there until its parent looks, and computes nothing.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

const WORDS = /^Interrupted; what is done is kept\. Continue with: epd-run resume busy-[0-9a-f]{8} --store \S+\n$/

describe('a program that is computing', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends with epd-run at %s', async signal => {
    const found = await interrupted(programSpec(), [signal])
    expect(found).toMatchObject({ ended: true, status: 'interrupted', left: [] })
    expect(found.stderr).toMatch(WORDS)
  })

  it('ends with epd-run at a second signal', async () => {
    expect(await interrupted(programSpec(), ['SIGINT', 'SIGINT'])).toMatchObject({
      ended: true,
      status: 'interrupted',
      left: []
    })
  })

  it('ends though a shell has started it, it ignores signals and is stopped', async () => {
    const spec = programSpec({
      body: "for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined)",
      forever: "process.kill(process.pid, 'SIGSTOP')",
      line: `${process.execPath} model.cjs; true`
    })
    expect(await interrupted(spec, ['SIGINT'])).toMatchObject({ ended: true, status: 'interrupted', left: [] })
  })

  it('ends before it has said what it is', async () => {
    expect(await interrupted(programSpec({ mute: true }), ['SIGINT'])).toMatchObject({ ended: true, left: [] })
  })
})

describe('what a program has started', () => {
  it.each<[string, string]>([
    ['in its group', starting("{ stdio: 'inherit' }")],
    // Only on Linux is it known where such a process has gone.
    ...(process.platform === 'linux'
      ? ([
          ['in a session of its own, with the pipes of the program', starting("{ stdio: 'inherit', detached: true }")],
          ['as a daemon', DAEMON]
        ] satisfies [string, string][])
      : [])
  ])('%s ends with epd-run, also where that is killed', async (_, body) => {
    expect(await interrupted(programSpec({ body }), ['SIGINT'])).toMatchObject({ ended: true, left: [] })
    expect(await interrupted(programSpec({ body }), ['SIGKILL'])).toMatchObject({
      ended: true,
      status: 'interrupted',
      left: []
    })
  })
})

describe('an engine in a long batch', () => {
  it('ends at a signal, with a run that goes on from there', async () => {
    const folder = temporaryFolder()
    const checkpoint = fileURLToPath(new URL('../../../models/shapes16/shapes16.safetensors', import.meta.url))
    const spec = join(folder, 'spec.yaml')
    writeFileSync(
      spec,
      `name: long
model: { checkpoint: ${checkpoint} }
solver: { name: euler, nfe: 2 }
stages: { a: { kind: sample, seeds: 0-16383, batch: 16384 } }
`
    )
    const child = await epdRun(['run', spec, '--store', folder, '--json'], {
      onLine(line, running) {
        if (line.type === 'started') setTimeout(() => running.kill('SIGTERM'), 500)
      }
    })
    expect(child.stderr).toMatch(/^Interrupted; what is done is kept\. Continue with: epd-run resume long-[^\n]+\n$/)
    const store = openStore(folder)
    expect(store.runs()[0].status).toBe('interrupted')
    store.close()
  })
})

describe('a query without end', () => {
  it('ends at once at a signal, though SQLite never returns', async () => {
    const store = temporaryFolder()
    createStore(store).close()
    const endless = 'WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT max(x) FROM t'
    // The first row is long enough to be written before the second is asked for.
    const sql = `SELECT printf('%0100000d', 1) UNION ALL SELECT * FROM (${endless})`
    const child = spawn(process.execPath, [main, 'query', sql, '--csv', '--store', store], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    await once(child.stdout, 'data')
    child.stdout.resume()
    child.kill('SIGINT')
    await once(child, 'close')
    expect([child.exitCode, child.signalCode]).toEqual([null, 'SIGINT'])
  })
})

describe('a run whose output cannot be written', () => {
  it('ends with one line, and is interrupted', async () => {
    const store = temporaryFolder()
    const child = spawn(process.execPath, [main, smallSpec(), '--store', store], {
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe']
    })
    let stderr = ''
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    await once(child, 'close')
    expect(stderr).toMatch(
      /^epd-run: what it prints cannot be written \(the disk is full[^\n]*\); what is done is kept\n$/
    )
    expect(child.exitCode).toBe(1)
    const opened = openStore(store)
    expect(opened.runs()[0].status).toBe('interrupted')
    opened.close()
  })
})
