import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { availability } from '../../src/engines/availability.js'
import { RUNNERS } from '../../src/engines/registry.js'
import type { Numbers } from '../../src/engines/session.js'
import { largestDifference } from '../networks/reference.js'
import { examples, openExample, type Example } from '../support/networks.js'

const cacheDir = mkdtempSync(join(tmpdir(), 'epd-engines-'))
const found = await Promise.all(RUNNERS.map(async runner => ({ runner, works: (await availability(runner)).works })))
const here = found.filter(({ works }) => works).map(({ runner }) => runner)
/** Seconds a network, there; its answers are those of wasm's own fallback. */
const isSlow = ({ name }: Example['recipe'], runner: string) => runner === 'tfjs:cpu' && name === 'Inception-v3'

async function answers(example: Example, options: Parameters<typeof openExample>[2]): Promise<readonly Numbers[]> {
  const { session } = await openExample(example, cacheDir, options)
  const running = await session()
  try {
    return await running.run(example.feeds(2))
  } finally {
    await running.close()
  }
}

describe.each(Object.entries(examples))('%s', (_, example) => {
  const reference = answers(example, { engine: 'onnx', provider: 'cpu' })
  const others = here.filter(({ name }) => name !== 'onnx:cpu' && !isSlow(example.recipe, name))

  it.each(others.map(runner => [runner.name, runner] as const))(
    'gives the same numbers on %s as on onnx:cpu',
    async (_, { engine, provider }) => {
      const [expected, found] = [await reference, await answers(example, { engine, provider: provider.name })]
      expect(found).toHaveLength(expected.length)
      found.forEach((values, k) => {
        expect(largestDifference(values, expected[k])).toBeLessThan(2e-4)
      })
    }
  )
})

describe('the engines of this machine', () => {
  it('are at least ONNX Runtime and two of TensorFlow.js', () => {
    expect(here.map(({ name }) => name)).toEqual(expect.arrayContaining(['onnx:cpu', 'tfjs:wasm', 'tfjs:cpu']))
  })
})
