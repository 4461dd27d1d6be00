import { describe, expect, it } from 'vitest'
import { markElsewhere, markOf, ON_CPU } from '../../src/metrics/runner.js'

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
