import fc from 'fast-check'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { onnxInterface } from '../../src/engines/onnx/interface.js'
import { encodeModel, type TensorProto } from '../../src/engines/onnx/proto.js'
import { EpdError } from '../../src/errors.js'

const folder = mkdtempSync(join(tmpdir(), 'epd-interface-'))
const weight: TensorProto = { name: 'weight', type: 'float32', shape: [1], data: new Uint8Array(4) }

function written(external?: string): string {
  const file = join(folder, 'model.onnx')
  const initializers = [external === undefined ? weight : { ...weight, external: { file: external, offset: 0 } }]
  const inputs = [
    { name: 'x', shape: [-1, 3, 8, 8] },
    { name: 'weight', shape: [1] },
    { name: 'time', shape: [-1], type: 'float64' as const }
  ]
  const outputs = [{ name: 'answer', shape: [-1, 3, 8, 8] }]
  const nodes = [{ operator: 'Mul', inputs: ['x', 'weight'], outputs: ['answer'] }]
  writeFileSync(file, encodeModel({ opset: 17, graph: { nodes, initializers, inputs, outputs } }))
  return file
}

describe('the interface of an ONNX file', () => {
  it('is its inputs without weights, its outputs, and the files beside it', async () => {
    expect(await onnxInterface(written('weights/a.bin'))).toEqual({
      inputs: [
        { name: 'x', type: 1, shape: [-1, 3, 8, 8] },
        { name: 'time', type: 11, shape: [-1] }
      ],
      outputs: [{ name: 'answer', type: 1, shape: [-1, 3, 8, 8] }],
      external: [join(folder, 'weights/a.bin')]
    })
  })

  it.each(['../a.bin', '/etc/passwd', 'weights/../../a.bin'])('refuses weights in %s', async file => {
    await expect(onnxInterface(written(file))).rejects.toThrow(/outside of its folder/)
  })

  it('of a file with some of its bytes changed or cut off is read or refused', async () => {
    const { readFileSync } = await import('node:fs')
    const bytes = readFileSync(written())
    const file = join(folder, 'changed.onnx')
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), async (at, to, end) => {
        const changed = Buffer.from(bytes)
        changed[at] = to
        writeFileSync(file, changed.subarray(0, end))
        await onnxInterface(file).catch((error: unknown) => {
          if (!(error instanceof EpdError)) throw error
        })
      }),
      { numRuns: 2_000 }
    )
  })
})
