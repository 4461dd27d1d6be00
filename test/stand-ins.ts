import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Recipe } from '../src/engines/recipe.js'
import { encodeStatistics } from '../src/metrics/reference.js'
import { safetensors } from './checkpoints/fixtures.js'
import { parametersOf } from './networks/reference.js'

/** Weights of a network without a checkpoint, as a file: noise of a size that keeps activations in bounds. */
export function writeWeights(file: string, recipe: Recipe): void {
  const header: Record<string, unknown> = {}
  const parts: Float32Array[] = []
  let offset = 0
  for (const [name, shape] of Object.entries(parametersOf(recipe))) {
    const values = noise(name, shape)
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] }
    parts.push(values)
    offset += values.byteLength
  }
  const data = Buffer.concat(parts.map(({ buffer }) => Buffer.from(buffer)))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, safetensors(header, data))
}

/** Statistics of features, uncorrelated, as an .npz. */
export function writeStatistics(file: string, dimensions: number): void {
  const mean = new Float64Array(dimensions).fill(0.5)
  const covariance = new Float64Array(dimensions * dimensions)
  for (let i = 0; i < dimensions; i++) covariance[i * dimensions + i] = 0.01
  writeFileSync(file, encodeStatistics({ mean, covariance }))
}

function noise(name: string, shape: readonly number[]): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1)
  const values = new Float32Array(count)
  if (shape.length === 1) return values.fill(/weight$|running_var$/.test(name) ? 1 : 0)
  const scale = Math.sqrt((12 * shape[0]) / count)
  let state = 1
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    values[i] = scale * (state / 2 ** 32 - 0.5)
  }
  return values
}
