import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inceptionRecipe, openInception } from '../../src/metrics/inception.js'
import { markElsewhere, markOf, ON_CPU } from '../../src/metrics/runner.js'
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

describe('the mark of a network that looks at images', () => {
  const gpu = { engine: 'onnx', provider: 'cuda', devices: [1] }

  it('names engine, provider and precision, and the batch where bits depend on it', () => {
    expect(markOf('inception')).toEqual({ engine: 'onnx:cpu:float32' })
    expect(markOf('inception', gpu)).toEqual({ engine: 'onnx:cuda:float32', batch: 64 })
    expect(markOf('inception', { engine: 'tfjs', provider: 'wasm' })).toEqual({ engine: 'tfjs:wasm:float32', batch: 4 })
    expect(markOf('clip', { engine: 'tfjs', provider: 'wasm' })).toEqual({ engine: 'tfjs:wasm:float32', batch: 2 })
  })

  it('is left out of keys that do not name the CPU', () => {
    expect(markElsewhere('clip')).toBeUndefined()
    expect(markElsewhere('clip', ON_CPU)).toBeUndefined()
    expect(markElsewhere('clip', gpu)).toEqual(markOf('clip', gpu))
  })
})
