import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/store.js'
import { epdRun, smallSpec, temporaryFolder } from '../support/cli.js'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** A program that notes its pid and, at its first request, does what `body` says; it never answers. */
function programSpec(body: string) {
  const folder = temporaryFolder()
  writeFileSync(
    join(folder, 'model.cjs'),
    `const { spawn } = require('node:child_process')
const { writeFileSync } = require('node:fs')
const pids = [process.pid]
process.stdin.once('data', () => {
  ${body}
  writeFileSync('pids', pids.join(' '))
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})
`
  )
  const spec = join(folder, 'spec.yaml')
  writeFileSync(
    spec,
    `name: busy
model: { command: ['${process.execPath}', model.cjs], version: '1', shape: [3, 2, 2] }
solver: { name: euler, nfe: 2 }
stages: { a: { kind: sample, seeds: 0-7 } }
`
  )
  return { spec, pids: join(folder, 'pids') }
}

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
  const [{ status }] = opened.runs()
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
    const found = await interrupted(programSpec(''), [signal])
    expect(found).toMatchObject({ ended: true, status: 'interrupted', left: [] })
    expect(found.stderr).toMatch(WORDS)
  })

  it('ends with epd-run at a second signal', async () => {
    expect(await interrupted(programSpec(''), ['SIGINT', 'SIGINT'])).toMatchObject({
      ended: true,
      status: 'interrupted',
      left: []
    })
  })

  it('ends with the programs that it has started', async () => {
    const child = `pids.push(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }).pid)`
    expect(await interrupted(programSpec(child), ['SIGINT'])).toMatchObject({ ended: true, left: [] })
  })

  it('ends within two seconds of an epd-run that is killed, with the programs that it has started', async () => {
    const child = `pids.push(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }).pid)`
    expect(await interrupted(programSpec(child), ['SIGKILL'])).toMatchObject({
      ended: true,
      status: 'running',
      left: []
    })
  })

  it('keeps nothing waiting with a program that has left its group and holds the pipes', async () => {
    const child = `const left = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 5000)'], { stdio: 'inherit', detached: true })
  left.unref()`
    expect(await interrupted(programSpec(child), ['SIGINT'])).toMatchObject({ ended: true, left: [] })
  })
})

describe('an engine in a long batch', () => {
  it('ends at a signal, with a run that goes on from there', async () => {
    const folder = temporaryFolder()
    const checkpoint = fileURLToPath(new URL('../../models/shapes16/shapes16.safetensors', import.meta.url))
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

describe('a run whose output cannot be written', () => {
  it('ends with one line, and is interrupted', async () => {
    const store = temporaryFolder()
    const child = spawn(process.execPath, [main, smallSpec(), '--store', store], {
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe']
    })
    let stderr = ''
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    await once(child, 'close')
    expect(stderr).toMatch(/^epd-run: what it prints cannot be written \(the disk is full[^\n]*\); what is done is kept\n$/)
    expect(child.exitCode).toBe(1)
    const opened = openStore(store)
    expect(opened.runs()[0].status).toBe('interrupted')
    opened.close()
  })
})
