import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filled } from '../support/filled.js'
import { record, writeGraph } from '../../src/engines/onnx/compile.js'
import { cpu } from '../../src/engines/onnx/providers.js'
import { openSession } from '../../src/engines/onnx/session.js'
import type { Feed, Numbers, Session } from '../../src/engines/session.js'
import { largestDifference } from '../networks/reference.js'
import { examples, openExample } from '../support/networks.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-engines-'))

/** Batches one after the other; fewer samples for the network whose images have the most pixels. */
// prettier-ignore
const BATCHES = { whole: [9], split: [[1, 8], [2, 3, 4]] }
const FEW = { whole: [2], split: [[1, 1]] }

/** What begins with rows of a table stays in single precision. */
const SINGLE = ['VQ decoder', 'CLIP text']

describe.each(Object.entries(examples))('%s on ONNX Runtime', (name, example) => {
  it("gives a sample the same bits on any number of threads and in any batch, so that neither is part of a stage's key", async () => {
    const { whole: together, split } = name === 'Inception-v3' ? FEW : BATCHES
    const answers = async (running: Session, batches: readonly number[]) => {
      const parts: (readonly Numbers[])[] = []
      let from = 0
      for (const batch of batches) {
        parts.push(await running.run(example.feeds(together[0]).map(feed => samples(feed, from, batch))))
        from += batch
      }
      return parts[0].map((_, output) => parts.flatMap(part => [...part[output]]))
    }
    const found: number[][][] = []
    for (const threads of [1, 2, 3]) {
      const { session } = await openExample(example, folder, { engine: 'onnx', provider: 'cpu', threads })
      const running = await session()
      for (const batches of [together, ...split]) found.push(await answers(running, batches))
      await running.close()
    }
    const [whole] = found
    expect(whole[0].every(Number.isFinite)).toBe(true)
    for (const other of found) expect(other).toEqual(whole)
  })

  it('in half precision is what it is in single, but for the rounding', async () => {
    const half = await inHalf(example)
    const { session } = await openExample(example, folder, { engine: 'onnx', provider: 'cpu' })
    const running = await session()
    const [image] = await running.run(example.feeds(2))
    await running.close()
    const size = Math.max(...image.map(Math.abs))
    expect(largestDifference(half, image) > 0).toBe(!SINGLE.includes(name))
    expect(largestDifference(half, image)).toBeLessThan(0.01 * size)
  })
})

/** The graph in half precision; ONNX Runtime's CPU provider computes it in single, with weights and images rounded. */
async function inHalf({ recipe, feeds }: (typeof examples)[string]): Promise<Numbers> {
  const { path } = await writeGraph(record(recipe, filled(recipe), { provider: cpu, precision: 'float16' }), folder)
  const session = await openSession({ path })
  const [image] = await session.run(feeds(2))
  await session.close()
  return image
}

function samples({ name, shape, data }: Feed, from: number, count: number): Feed {
  const size = data.length / shape[0]
  return { name, shape: [count, ...shape.slice(1)], data: data.slice(from * size, (from + count) * size) }
}
