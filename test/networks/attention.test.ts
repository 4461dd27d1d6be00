import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { record, writeGraph } from '../../src/engines/onnx/compile.js'
import { openSession } from '../../src/engines/onnx/session.js'
import type { Ops } from '../../src/engines/ops.js'
import { multiHead, overPixels } from '../../src/networks/attention.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-attention-'))
/** Heads, the size of each, and tokens of which all scores are 2 ** 22 a head. */
const [HEADS, SIZE, TOKENS] = [2, 4, 2048]

type Attend = <T>(ops: Ops<T>, q: T, k: T, v: T) => T

const ATTENTIONS: readonly (readonly [string, Attend, shape: (tokens: number) => readonly number[], axis: number])[] = [
  ['of tokens', (ops, q, k, v) => multiHead(ops, q, k, v, HEADS), tokens => [-1, tokens, HEADS * SIZE], 1],
  ['of pixels', overPixels, tokens => [-1, HEADS, SIZE, tokens], 3]
]

describe.each(ATTENTIONS)('attention %s', (_, attend, shape, axis) => {
  /** The answers to all queries at once, or of each half of them apart, and the operations that the graph has. */
  async function answer(apart: boolean) {
    const recipe = {
      name: 'attention',
      build<T>({ ops, input }: { ops: Ops<T>; input: (name: string, shape: readonly number[]) => T }) {
        const [q, k, v] = ['q', 'k', 'v'].map(name => input(name, shape(TOKENS)))
        const parts = apart ? ops.split(q, 2, axis) : [q]
        return [
          ops.concat(
            parts.map(part => attend(ops, part, k, v)),
            axis
          )
        ]
      }
    }
    const graph = record(recipe, new Map())
    const session = await openSession({ path: (await writeGraph(graph, folder)).path, threads: 1 })
    const feeds = ['q', 'k', 'v'].map((name, i) => ({
      name,
      shape: shape(TOKENS).map(length => Math.abs(length)),
      data: Float32Array.from({ length: HEADS * SIZE * TOKENS }, (_, at) => Math.sin((1.3 + i) * at))
    }))
    const [numbers] = await session.run(feeds)
    await session.close()
    return { numbers, softmaxes: graph.nodes.filter(({ operator }) => operator === 'Softmax').length }
  }

  it('is computed in blocks where all scores are many, and gives the same bits', async () => {
    const [whole, apart] = [await answer(false), await answer(true)]
    expect([whole.softmaxes, apart.softmaxes]).toEqual([2, 2])
    expect(Buffer.from(whole.numbers.buffer).equals(Buffer.from(apart.numbers.buffer))).toBe(true)
  })
})
