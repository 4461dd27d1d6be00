import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { epdRun, temporaryFolder } from './cli.js'

/** A spec with one stage, on a checkpoint of these bytes. */
export function specOn(
  checkpoint: string,
  stages = 'euler: { kind: sample, solver: { name: euler, nfe: 2 }, seeds: 0-3 }'
): string {
  const file = join(temporaryFolder(), 'spec.yaml')
  writeFileSync(
    file,
    `name: wrong\nmodel: { checkpoint: ${checkpoint} }\nsolver: { name: euler, nfe: 2 }\nstages:\n  ${stages}\n`
  )
  return file
}

/** Runs a spec and expects one line on stderr, without a stack trace, and exit code 1. */
export async function failure(spec: string, store = temporaryFolder()): Promise<string> {
  const { code, stderr } = await epdRun(['run', spec, '--store', store, '--json'])
  expect(stderr).toMatch(/^epd-run: [^\n]+\n$/)
  expect(code).toBe(1)
  return stderr
}
