import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main, temporaryFolder } from '../support/cli.js'

const checkpoint = fileURLToPath(new URL('../../models/shapes16/shapes16.safetensors', import.meta.url))
const table1 = fileURLToPath(new URL('../../specs/table1-shapes16.yaml', import.meta.url))

/** A server of tmux for this file alone, which reads nobody's settings. */
const SOCKET = `epd-${randomUUID()}`

function tmux(...args: readonly string[]): string {
  return execFileSync('tmux', ['-u', '-L', SOCKET, '-f', '/dev/null', ...args], { encoding: 'utf8' })
}

/** A terminal in which a command of the command line runs. */
function terminal(name: string, columns: number, rows: number, command: string): void {
  // Ctrl-C is for the command, and not for the shell that waits for it.
  const line = `trap : INT; env -u CI ${command}; echo "exit code $?"; cat`
  tmux('new-session', '-d', '-s', name, '-x', String(columns), '-y', String(rows), line)
}

/** The lines that are on a terminal. */
function shown(name: string): string[] {
  return tmux('capture-pane', '-p', '-t', name)
    .split('\n')
    .map(line => line.trimEnd())
    .filter(line => line !== '')
}

/**
 * The lines that are on a terminal once one of them is as expected.
 * @throws Error with what is there instead, after 90 seconds.
 */
async function shownOnce(name: string, expected: RegExp): Promise<string[]> {
  let lines: string[] = []
  for (let tries = 0; tries < 900; tries++) {
    lines = shown(name)
    if (lines.some(line => expected.test(line))) return lines
    await sleep(100)
  }
  throw new Error(`No line on the terminal ${name} is as ${expected.source}:\n${lines.join('\n')}`)
}

/** All that was ever written to a terminal, with the lines that have left it. */
function written(name: string): string {
  return tmux('capture-pane', '-p', '-S', '-', '-t', name)
}

afterAll(() => {
  tmux('kill-server')
})

const WHOLE = /^\d+ of 329 stages, .+ left$/

describe('table1-shapes16, in the middle of its run', () => {
  const sizes = [
    [40, 12],
    [80, 24],
    [200, 50]
  ] as const
  const store = temporaryFolder()
  const run = `${process.execPath} ${main}`

  beforeAll(async () => {
    terminal('run', 80, 24, `${run} ${table1} --store ${store}`)
    for (const [columns, rows] of sizes) {
      await shownOnce('run', WHOLE)
      terminal(`watch-${columns}`, columns, rows, `${run} watch --store ${store}`)
    }
    // A stage is done, and another is under way.
    await shownOnce('run', /^✔ samples@nfe=3,solver=\S+ /)
  })

  it('is seen where it runs: what runs, what is done, what is to come, and how long that takes', async () => {
    const lines = await shownOnce('run', /evaluations .*left$/)
    const stages = lines.filter(line => /^[✔❯…\d]/.test(line))
    expect(stages.at(0)).toMatch(/^✔ /)
    expect(stages.filter(line => line.startsWith('❯'))).toHaveLength(1)
    expect(stages.at(-2)).toMatch(/^… .*\d+ to come, next /)
    expect(stages.at(-1)).toMatch(WHOLE)
    expect(lines.find(line => line.startsWith('  █') || line.startsWith('  ░'))).toMatch(
      /^ {2}█*░+ +\d+ % {2}[\d,]+ of [\d,]+ evaluations {2}[\d.,]+\/s {2}\d+ (s|min) left/
    )
  })

  it.each(sizes)('is seen from a second terminal of %d columns and %d lines', async (columns, rows) => {
    const name = `watch-${columns}`
    const lines = await shownOnce(name, /^✔ /)
    expect(lines.length).toBeLessThan(rows)
    expect(lines.filter(line => line.startsWith('❯'))).toHaveLength(1)
    expect(lines.at(-1)).toMatch(WHOLE)
    // Nothing was left above by what was written before.
    expect(written(name).match(/of 329 stages/g)).toHaveLength(1)
  })

  it('takes few lines, and has a prompt again after Ctrl-C', async () => {
    tmux('send-keys', '-t', 'run', 'C-c')
    const lines = await shownOnce('run', /^exit code \d+$/)
    expect(lines.at(-1)).toBe('exit code 130')
    expect(lines.join('\n')).toMatch(
      /^\d+ of 329 stages, .+\n+Interrupted; what is done is kept\. Continue with: epd-run resume table1-sha/m
    )
    expect(written('run').match(/of 329 stages/g)).toHaveLength(1)
  })

  it.each(sizes)('is said to be stopped on %d columns, and the watcher has ended', async columns => {
    const lines = await shownOnce(`watch-${columns}`, /^exit code \d+$/)
    expect(lines.at(-1)).toBe('exit code 0')
    expect(lines.find(line => line.includes('of 329 stages'))).toMatch(/^\d+ of 329 stages, stopped$/)
    expect(lines.join('')).toContain('epd-run resume table1-shapes16-')
  })
})

describe('a terminal that cannot go back', () => {
  const folder = temporaryFolder()
  const spec = join(folder, 'quick.yaml')
  writeFileSync(
    spec,
    `name: quick
model: { checkpoint: ${checkpoint} }
solver: { name: euler, nfe: 1 }
stages: { a: { kind: sample, seeds: 0-1 }, b: { kind: sample, seeds: 2-3 } }
`
  )

  it.each([
    ['that is dumb', 'dumb', 'env -u CI TERM=dumb'],
    ['in CI', 'ci', 'env CI=true']
  ])('%s gets lines that stay', async (_, name, environment) => {
    const log = join(folder, `${name}.log`)
    const command = `${environment} ${process.execPath} ${main} ${spec} --store ${join(folder, name)}`
    tmux('new-session', '-d', '-s', name, '-x', '80', '-y', '24', `read _; ${command}; echo "exit code $?"; cat`)
    tmux('pipe-pane', '-t', name, `cat > ${log}`)
    tmux('send-keys', '-t', name, 'Enter')
    await shownOnce(name, /^exit code 0$/)
    const bytes = readFileSync(log, 'utf8')
    expect(bytes).not.toContain('\u001b')
    expect(bytes.split(/[\r\n]+/).filter(line => line.startsWith('✔'))).toEqual([
      expect.stringMatching(/^✔ model {2}/),
      expect.stringMatching(/^✔ a {2}euler at 1 NFE/),
      expect.stringMatching(/^✔ b {2}euler at 1 NFE/)
    ])
  })
})
