import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { programRecorder } from '../../src/engines/tfjs/recorder.js'
import { examples, openExample } from '../support/networks.js'

const cacheDir = mkdtempSync(join(tmpdir(), 'epd-engines-'))

describe('TensorFlow.js', () => {
  it.each(['DDPM++ (SongUNet)', 'SongUNet with skips'])(
    'holds no array more after 100 evaluations of %s',
    async name => {
      const { session } = await openExample(examples[name], cacheDir, { engine: 'tfjs', provider: 'wasm' })
      const running = await session()
      await running.run(examples[name].feeds(1))
      const held = running.held()
      expect(held).toBeGreaterThan(0)
      for (let i = 0; i < 100; i++) await running.run(examples[name].feeds(1))
      expect(running.held()).toBe(held)
      await running.close()
    }
  )

  it('frees what a failed evaluation has made, and stays usable', async () => {
    const { feeds } = examples['DDPM++ (SongUNet)']
    const { session } = await openExample(examples['DDPM++ (SongUNet)'], cacheDir, { engine: 'tfjs', provider: 'wasm' })
    const running = await session()
    await running.run(feeds(1))
    const held = running.held()
    await expect(running.run(feeds(1).slice(0, 1))).rejects.toThrow(/TensorFlow.js \(wasm\): input noise is missing/)
    await running.run(feeds(1))
    expect(running.held()).toBe(held)
    await running.close()
  })
})

describe('a program', () => {
  it('frees every array that it makes but its outputs, and each once', () => {
    const { ops, input, finish } = programRecorder(
      (_, shape) => new Float32Array(shape.reduce((all, size) => all * size, 1))
    )
    const x = input('x', [-1, 4, 8, 8])
    const [left, unused] = ops.split(ops.silu(x), 2, 1)
    expect(ops.shape(unused)).toEqual([-1, 2, 8, 8])
    const { steps, outputs, inputs } = finish([ops.averagePool(left, { size: 2, stride: 2 })])
    const made = [...inputs.map(({ at }) => at), ...steps.flatMap(({ results }) => results)]
    const freed = steps.flatMap(({ free }) => free)
    expect(new Set(freed).size).toBe(freed.length)
    expect([...freed, ...outputs].sort()).toEqual(made.sort())
  })

  it('prepares once what depends on no input: weights in the layout that the engine wants', () => {
    const { ops, input, finish } = programRecorder(
      (_, shape) => new Float32Array(shape.reduce((all, size) => all * size, 1))
    )
    const x = input('x', [-1, 4, 8, 8])
    const { preparation, steps } = finish([ops.conv2d(x, ops.parameter('w', [2, 4, 3, 3]), undefined, { padding: 1 })])
    expect(preparation.map(({ kernel }) => kernel)).toEqual(['transpose'])
    expect(steps.map(({ kernel }) => kernel)).toEqual(['transpose', 'conv2d', 'transpose'])
  })
})
