import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inceptionRecipe, openInception } from '../../src/metrics/inception.js'
import { ON_CPU } from '../../src/metrics/runner.js'
import { largestDifference } from '../networks/reference.js'
import { writeWeights } from '../support/stand-ins.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-inception-'))
const weights = join(folder, 'inception.safetensors')
writeWeights(weights, inceptionRecipe([8, 8], 'tensorflow'))

describe('Inception', () => {
  it('sees the same on the engine that it is told to run on as on the CPU, from a graph of the same digest', async () => {
    const images = Uint8Array.from({ length: 192 }, (_, i) => (37 * i) % 251)
    const look = async (runner = ON_CPU) => {
      const options = { weights, preparation: 'tensorflow', size: [8, 8], cacheDir: folder, runner } as const
      const inception = await openInception(options)
      const features = await inception.features(images, 1)
      await inception.close()
      return { digest: inception.digest, features }
    }
    const [cpu, wasm] = [await look(), await look({ engine: 'tfjs', provider: 'wasm' })]
    expect(wasm.digest).toBe(cpu.digest)
    expect(largestDifference(wasm.features, cpu.features)).toBeGreaterThan(0)
    expect(largestDifference(wasm.features, cpu.features)).toBeLessThan(1e-4 * Math.max(...cpu.features))
  })
})
