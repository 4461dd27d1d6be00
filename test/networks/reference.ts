import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { filled } from '../support/filled.js'
import { record, writeGraph } from '../../src/engines/onnx/compile.js'
import type { Recipe } from '../../src/engines/recipe.js'
import { recorder } from '../../src/engines/onnx/recorder.js'
import { openSession } from '../../src/engines/onnx/session.js'
import type { Feed } from '../../src/engines/session.js'

/** What a public implementation answers, with weights by the fill rule. */
export interface Reference {
  readonly config: Readonly<Record<string, unknown>>
  readonly inputs: { readonly input_ids: readonly (readonly number[])[] }
  readonly output: readonly number[]
  readonly state_dict_shapes: Readonly<Record<string, readonly number[]>>
}

export function reference(name: string): Reference {
  const file = new URL(`../fixtures/networks/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as Reference
}

/** What classes of diffusers answer to one sample, with weights by the fill rule. */
export interface DiffusersAnswers {
  /** The step that networks are told. */
  readonly time: number
  /** Of the context. */
  readonly tokens: number
  readonly cases: Readonly<Record<string, DiffusersCase>>
}

export interface DiffusersCase {
  readonly class: string
  readonly config: Readonly<Record<string, unknown>>
  readonly label: number | null
  /** SHA-256 of the names and shapes of its weights. */
  readonly names: string
  readonly output: readonly number[]
}

export function diffusersAnswers(): DiffusersAnswers {
  const file = new URL('../fixtures/networks/diffusers.json', import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as DiffusersAnswers
}

/** A recipe's answer with weights by the fill rule. */
export async function answerOf(recipe: Recipe, feeds: readonly Feed[]): Promise<Float32Array> {
  const folder = mkdtempSync(join(tmpdir(), 'epd-networks-'))
  const { path } = await writeGraph(record(recipe, filled(recipe)), folder)
  const session = await openSession({ path })
  try {
    return Float32Array.from((await session.run(feeds))[0])
  } finally {
    await session.close()
  }
}

/** Names and shapes of a recipe's parameters. */
export function parametersOf({ build }: Recipe): Record<string, readonly number[]> {
  const shapes: Record<string, readonly number[]> = {}
  const graph = recorder((name, shape) => {
    shapes[name] = shape
    return new Uint8Array(0)
  })
  build(graph)
  return shapes
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = a.length === b.length ? 0 : Infinity
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i] - b[i]))
  return largest
}
