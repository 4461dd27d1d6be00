import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The built command line. */
export const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** An event as a line of --json. */
export type Line = Readonly<Record<string, unknown>> & { readonly type: string }

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Called for each line of stdout that is JSON. */
  readonly onLine?: (line: Line, child: ChildProcess) => void
}

/** Runs the command line as a process of its own. */
export function epdRun(args: readonly string[], { cwd, env, onLine }: RunOptions = {}): Promise<Finished> {
  const child = spawn(process.execPath, [main, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  if (onLine)
    createInterface({ input: child.stdout }).on('line', line => {
      if (line.startsWith('{')) onLine(JSON.parse(line) as Line, child)
    })
  return new Promise(resolve => {
    child.on('close', code => {
      resolve({ code, stdout, stderr })
    })
  })
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'epd-cli-'))
}

/** A small experiment with all kinds of stages, on a tiny network, as a file in a folder of its own. */
export function smallSpec(metrics = 'frechet-pixels, psnr, rmse'): string {
  const file = join(temporaryFolder(), 'small.yaml')
  writeFileSync(
    file,
    `name: small
description: all kinds of stages on a tiny network
model: { checkpoint: ${join(fixtures, 'edm', 'ddpmpp-uncond.pkl')} }
solver: { name: epd, nfe: 3, points: 2, afs: true, scaleDir: 0.05, scaleTime: 0.05 }
stages:
  teacher: { kind: teacher, solver: { name: euler }, refine: 1, substeps: 1, seeds: 0-65 }
  lessons: { kind: teacher, solver: { name: heun }, refine: 1, substeps: 1, seeds: 0-3 }
  student:
    kind: distill
    teacher: lessons
    optimizer: { name: levenberg-marquardt, iterations: 1, finalIterations: 1 }
    validation: 1000-1001
  samples: { kind: sample, solver: student, seeds: 2000-2069, batch: 50, images: true }
  euler: { kind: sample, solver: { name: euler, nfe: 2 }, seeds: 2000-2065 }
  reference: { kind: sample, solver: { name: heun, numSteps: 4 }, seeds: 2040-2049 }
  score: { kind: score, samples: [samples, euler], reference: reference, metrics: [${metrics}] }
`
  )
  return file
}
