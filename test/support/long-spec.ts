import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from './cli.js'

const checkpoint = fileURLToPath(new URL('../../models/shapes16/shapes16.safetensors', import.meta.url))

/** A spec whose second stage has far more to do than any test waits for. */
export function longSpec(): string {
  const file = join(temporaryFolder(), 'long.yaml')
  writeFileSync(
    file,
    `name: long
model: { checkpoint: ${checkpoint}, engine: onnx, provider: cpu }
solver: { name: euler, nfe: 2 }
stages:
  few: { kind: sample, seeds: 0-3 }
  many: { kind: sample, solver: { name: euler, nfe: 50 }, seeds: 0-65535, batch: 16 }
`
  )
  return file
}
