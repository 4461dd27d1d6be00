import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EpdError, type Fault } from '../../src/errors.js'
import { published } from '../../src/predictors/published.js'
import { loadExperiment, type LoadOptions } from '../../src/experiment/load.js'

const folder = mkdtempSync(join(tmpdir(), 'spec-'))

/** The file that specs are written to. */
export const file = join(folder, 'spec.yaml')

export function load(yaml: string | Uint8Array, set: string[] = [], more: Partial<LoadOptions> = {}) {
  writeFileSync(file, yaml)
  return loadExperiment({ file, set, predictors: published, ...more })
}

/** What is said to be wrong with a spec, a line each, the file's path left out. */
export function errors(yaml: string | Uint8Array, set: string[] = []): string[] {
  return refused(yaml, set)?.message.split('\n').map(withoutFile) ?? []
}

/** What is said to be wrong with a spec, as data, the file's path left out. */
export function faults(yaml: string | Uint8Array, set: string[] = []): Fault[] {
  return refused(yaml, set)?.faults?.map(fault => ({ ...fault, message: withoutFile(fault.message) })) ?? []
}

function refused(yaml: string | Uint8Array, set: string[]): EpdError | undefined {
  try {
    load(yaml, set)
    return undefined
  } catch (error) {
    if (!(error instanceof EpdError) || error.code !== 'spec-invalid') throw error
    return error
  }
}

function withoutFile(line: string): string {
  return line.replace(`${file}:`, '')
}

/** A spec with every kind of stage, in eight lines. */
export const whole = `name: example
model: { checkpoint: model.pkl }
solver: { name: epd, nfe: 5, afs: true }
stages:
  teacher: { kind: teacher, seeds: 50-59 }
  student: { kind: distill, teacher: teacher, validation: 60-69 }
  samples: { kind: sample, solver: student, seeds: 0-9 }
  truth: { kind: sample, solver: { name: heun, numSteps: 33 }, seeds: 5-20 }
  score: { kind: score, samples: [samples], reference: truth, metrics: [psnr] }
`

/** `whole` with one piece of its text replaced. */
export function changed(piece: string, by: string): string {
  if (!whole.includes(piece)) throw new Error(`the example has no ${piece}`)
  return whole.replace(piece, by)
}
