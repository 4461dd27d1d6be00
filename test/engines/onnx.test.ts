import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filled } from '../support/filled.js'
import { record, writeGraph } from '../../src/engines/onnx/compile.js'
import { cpu, cuda, webgpu, type OnnxProvider } from '../../src/engines/onnx/providers.js'
import { openSession } from '../../src/engines/onnx/session.js'
import type { Recipe } from '../../src/engines/recipe.js'
import { largestDifference } from '../networks/reference.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-engines-'))

describe.each([
  ['of a side as a whole', 12, 20],
  ['of windows of a long side', 72, 96],
  ['of windows down alone', 80, 20]
])('a convolution by 3 x 3 on tiles %s', (_, height, width) => {
  const size = 128 * height * width
  const recipe: Recipe = {
    name: 'convolution',
    build({ ops, input }) {
      const x = input('x', [-1, 128, height, width])
      return [ops.conv2d(x, ops.parameter('weight', [144, 128, 3, 3]), ops.parameter('bias', [144]), { padding: 1 })]
    }
  }
  const feed = (batch: number, from = 0) => {
    const data = Float32Array.from({ length: batch * size }, (_, i) => Math.sin(1.7 * (i + from * size)))
    return [{ name: 'x', shape: [batch, 128, height, width], data }]
  }
  const graphFor = (provider: OnnxProvider) => record(recipe, filled(recipe), { provider, precision: 'float32' })
  async function answers(provider: OnnxProvider, threads: number, batches: readonly number[]) {
    const session = await openSession({ path: (await writeGraph(graphFor(provider), folder)).path, threads })
    const count = batches.reduce((sum, batch) => sum + batch, 0)
    const found = new Float32Array(count * 144 * height * width)
    let from = 0
    for (const batch of batches) {
      const [answer] = await session.run(feed(batch, from))
      found.set(answer, from * 144 * height * width)
      from += batch
    }
    await session.close()
    return found
  }

  it('is what it is directly, but for rounding', async () => {
    const operators = (provider: OnnxProvider) => graphFor(provider).nodes.map(({ operator }) => operator)
    expect([operators(cuda), operators(cpu).includes('Conv')]).toEqual([['Conv'], false])
    const [direct, tiles] = [await answers(cuda, 1, [2]), await answers(cpu, 1, [2])]
    expect(largestDifference(tiles, direct)).toBeGreaterThan(0)
    expect(largestDifference(tiles, direct)).toBeLessThan(6e-5)
  })

  it('gives a sample the same bits on any number of threads and in any batch', async () => {
    const whole = await answers(cpu, 1, [4])
    for (const [threads, batches] of [
      [2, [4]],
      [2, [1, 3]],
      [3, [2, 2]]
    ] as const) {
      const { buffer } = await answers(cpu, threads, batches)
      expect(Buffer.from(buffer).equals(Buffer.from(whole.buffer))).toBe(true)
    }
  })
})

describe('sine and cosine for WebGPU, whose own are inexact', () => {
  it('are exact to single precision for angles of any size that a network has', async () => {
    const recipe: Recipe = {
      name: 'waves',
      build: ({ ops, input }) => {
        const x = input('x', [-1, 4096])
        return [ops.sin(x), ops.cos(x)]
      }
    }
    const { path } = await writeGraph(record(recipe, new Map(), { provider: webgpu, precision: 'float32' }), folder)
    const session = await openSession({ path })
    const angles = Float32Array.from({ length: 4096 }, (_, i) => (i < 2048 ? (i - 1024) / 100 : i - 3072))
    const [sines, cosines] = await session.run([{ name: 'x', shape: [1, 4096], data: angles.slice() }])
    await session.close()
    angles.forEach((angle, i) => {
      expect(Math.abs(sines[i] - Math.sin(angle))).toBeLessThan(3e-7)
      expect(Math.abs(cosines[i] - Math.cos(angle))).toBeLessThan(3e-7)
    })
  })
})
