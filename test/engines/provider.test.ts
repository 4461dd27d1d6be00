import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { candidates, nameOf } from '../../src/engines/provider.js'
import { examples, openExample } from './networks.js'

const cacheDir = mkdtempSync(join(tmpdir(), 'epd-engines-'))
const names = (options: Parameters<typeof candidates>[0]) => candidates(options).map(nameOf)

describe('what options allow', () => {
  it('is everything by default, the fastest first', () => {
    expect(names({}).slice(0, 4)).toEqual(['onnx:cuda', 'tfjs:tensorflow-gpu', 'onnx:webgpu', 'onnx:cpu'])
  })

  it('is the providers of an engine, and one provider', () => {
    expect(names({ engine: 'tfjs' })).toEqual(['tfjs:tensorflow-gpu', 'tfjs:tensorflow', 'tfjs:wasm', 'tfjs:cpu'])
    expect(names({ provider: 'cpu' })).toEqual(['onnx:cpu', 'tfjs:cpu'])
  })

  it('is, for half precision, the GPUs of ONNX Runtime, and for a choice of GPUs CUDA', () => {
    expect(names({ precision: 'float16' })).toEqual(['onnx:cuda', 'onnx:webgpu'])
    expect(names({ devices: [0, 1] })).toEqual(['onnx:cuda'])
  })
})

describe('opening a network', () => {
  const example = examples['DDPM++ (SongUNet)']

  it.each([
    [{ provider: 'cuda' }, /no engine is left to run the network; onnx:cuda: .* \(.*\)/],
    [{ engine: 'tfjs', precision: 'float16' }, /nothing offers engine tfjs with precision float16$/],
    [{ provider: 'cpu', devices: [1] }, /nothing offers .* with a choice of devices/]
  ] as const)('with %j says why nothing is left, and the way out', async (options, message) => {
    await expect(openExample(example, cacheDir, options)).rejects.toThrow(message)
  })
})
